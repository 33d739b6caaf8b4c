"""How `block_channels` puts each kind of operator on blocked channels: a rule for each."""
