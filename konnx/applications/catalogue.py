"""What the applications are called, and how large they are."""

from __future__ import annotations

from typing import NamedTuple


class Application(NamedTuple):
    """An application.

    Attributes:
        name: of the function that makes it.
        parameters: how many, with the top for 1000 classes.
        features: how many of them are not of the top.
        size: height and width of the images it takes with the top, in pixels.
    """

    name: str
    parameters: int
    features: int
    size: int


APPLICATIONS = (
    Application("Xception", 22_910_480, 20_861_480, 299),
    Application("VGG16", 138_357_544, 14_714_688, 224),
    Application("VGG19", 143_667_240, 20_024_384, 224),
    Application("ResNet50", 25_636_712, 23_587_712, 224),
    Application("InceptionV3", 23_851_784, 21_802_784, 299),
    Application("InceptionResNetV2", 55_873_736, 54_336_736, 299),
    Application("MobileNet", 4_253_864, 3_228_864, 224),
    Application("MobileNetV2", 3_538_984, 2_257_984, 224),
    Application("DenseNet121", 8_062_504, 7_037_504, 224),
    Application("DenseNet169", 14_307_880, 12_642_880, 224),
    Application("DenseNet201", 20_242_984, 18_321_984, 224),
    Application("NASNetMobile", 5_326_716, 4_269_716, 224),
    Application("NASNetLarge", 88_949_818, 84_916_818, 331),
    Application("EfficientNetB0", 5_330_571, 4_049_571, 224),
    Application("EfficientNetB1", 7_856_239, 6_575_239, 240),
    Application("EfficientNetB2", 9_177_569, 7_768_569, 260),
    Application("EfficientNetB3", 12_320_535, 10_783_535, 300),
    Application("EfficientNetB4", 19_466_823, 17_673_823, 380),
    Application("EfficientNetB5", 30_562_527, 28_513_527, 456),
    Application("EfficientNetB6", 43_265_143, 40_960_143, 528),
    Application("EfficientNetB7", 66_658_687, 64_097_687, 600),
)


def find_application(name: str) -> Application:
    """Return the application of a name; case, hyphens and underscores do not count.

    Raises:
        ValueError: there is none.

    Example:
        >>> find_application("mobilenet_v2").name
        'MobileNetV2'
    """
    for application in APPLICATIONS:
        if _plain(application.name) == _plain(name):
            return application
    known = ", ".join(application.name for application in APPLICATIONS)
    raise ValueError(f"There is no application '{name}'. Known: {known}")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
