"""What everything else uses: files, names, registries, random seeds, progress."""
