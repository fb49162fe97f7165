"""The ID-photo effects of the sandbox can be told from one another by looking at them."""

import statistics

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from idphoto import HEIGHT, PLAIN, SIZE, WIDTH, call, image_of, photo_url
from sandbox import PHOTOS

BLUE = (0x43, 0x8E, 0xDB)
# Where the head is in an ID photo, in px: its middle and half its height.
HEAD_X, HEAD_Y, HEAD_R = WIDTH / 2, 0.42 * HEIGHT, 0.27 * HEIGHT


def near(pixel, colour, within=12):
    return all(abs(a - b) <= within for a, b in zip(pixel, colour))


def zone(image, left, top, right, bottom):
    """A box given in half heads from the middle of the head."""
    return image.crop((round(HEAD_X + left * HEAD_R), round(HEAD_Y + top * HEAD_R),
                       round(HEAD_X + right * HEAD_R), round(HEAD_Y + bottom * HEAD_R)))


def change(one, other, *box):
    """Mean change of a channel within a zone."""
    difference = ImageChops.difference(zone(one, *box), zone(other, *box))
    return sum(ImageStat.Stat(difference).mean) / 3


def test_make_puts_a_colour_behind_the_person(studio):
    image = image_of(studio, call(studio, "make", photo_url(studio), **PLAIN))
    for corner in ((3, 3), (WIDTH - 4, 3), (3, 150), (WIDTH - 4, 120)):
        assert near(image.getpixel(corner), BLUE)
    red, green, blue = ImageStat.Stat(zone(image, -0.2, 0.1, 0.2, 0.3)).mean
    assert red > green > blue and red > 120
    white = image_of(studio, call(studio, "make", photo_url(studio), **SIZE, watermark_id="none"))
    assert near(white.getpixel((3, 3)), (255, 255, 255), 3)
    assert change(image, white, -0.3, -0.3, 0.3, 0.6) < 3


@pytest.mark.parametrize("size", [(260, 378), (413, 579), (600, 600), (1, 1), (4096, 20)])
def test_make_gives_any_size(studio, size):
    data = call(studio, "make", photo_url(studio), width=size[0], height=size[1])
    assert image_of(studio, data).size == size


@pytest.mark.parametrize("mode, coloured, white", [
    (1, (147, 2), None),
    (2, (2, 2), None),
    (3, None, (2, 2)),
])
def test_gradients_end_in_white(studio, mode, coloured, white):
    made = call(studio, "make", photo_url(studio), **PLAIN)["mt_generate_id"]
    image = image_of(studio, call(studio, "background", made, background="#FF0000",
                                  gradient_mode=mode))
    if coloured:
        assert near(image.getpixel(coloured), (255, 0, 0), 20)
    if white:
        assert near(image.getpixel(white), (255, 255, 255), 20)
    outer, inner = image.getpixel((4, 4))[1], image.getpixel((30, 120))[1]
    assert (inner - outer > 30) if mode < 3 else (outer - inner > 30)
    left, right = image.getpixel((4, 60))[1], image.getpixel((WIDTH - 5, 60))[1]
    assert abs(left - right) < 10


def test_background_changes_nothing_else(studio):
    made = call(studio, "make", photo_url(studio), **PLAIN)
    red = call(studio, "background", made["mt_generate_id"], background="#FF0000")
    before, after = image_of(studio, made), image_of(studio, red)
    assert near(after.getpixel((3, 3)), (255, 0, 0))
    assert change(before, after, -0.35, -0.4, 0.35, 0.6) < 3
    back = call(studio, "make", photo_url(studio), **{**PLAIN, "background": "#FF0000"})
    assert change(image_of(studio, back), after, -1.2, -1.4, 1.2, 1.5) < 6


def edges(image):
    """How much detail there is in the face: the mean step between neighbours."""
    grey = zone(image, -0.3, -0.3, 0.3, 0.6).convert("L")
    return ImageStat.Stat(ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))).mean[0]


def balance(image):
    """How much brighter the right half of the face is than the left."""
    left = ImageStat.Stat(zone(image, -0.45, -0.1, -0.1, 0.6).convert("L")).mean[0]
    return ImageStat.Stat(zone(image, 0.1, -0.1, 0.45, 0.6).convert("L")).mean[0] - left


def hues(image):
    """How much the colour of the face varies, whatever its brightness."""
    pixels = list(zone(image, -0.35, -0.2, 0.35, 0.6).getdata())
    return sum(statistics.pstdev(pixel[c] / (pixel[1] + 1) for pixel in pixels) for c in (0, 2))


def lopsided(image):
    """How far the head is from being its own mirror image."""
    head = zone(image, -0.6, -0.7, 0.6, 0.8)
    return sum(ImageStat.Stat(ImageChops.difference(head, ImageOps.mirror(head))).mean)


def after(sandbox, effect, **parameter):
    """The photo before and after one effect."""
    made = call(sandbox, "make", photo_url(sandbox), **PLAIN)
    data = call(sandbox, effect, made["mt_generate_id"], **parameter)
    return image_of(sandbox, made), image_of(sandbox, data)


def test_beauty_softens_by_its_strength(studio):
    plain, some = after(studio, "beauty", strength=30)
    assert edges(after(studio, "beauty", strength=100)[1]) < 0.6 * edges(plain)
    assert edges(some) < edges(plain)
    assert change(plain, after(studio, "beauty", strength=0)[1], -1, -1, 1, 1) < 2


def test_clothes_dress_the_lower_part(studio):
    plain, one = after(studio, "clothes", clothes_id="c-3")
    other = after(studio, "clothes", clothes_id="c-4")[1]
    assert change(plain, one, -1.1, 1.4, 1.1, 2.1) > 30
    assert change(other, one, -1.1, 1.4, 1.1, 2.1) > 30
    assert change(plain, one, -0.5, -0.9, 0.5, 0.7) < 2


def test_clothes_keep_when_the_background_changes(studio):
    made = call(studio, "make", photo_url(studio), **PLAIN)["mt_generate_id"]
    dressed = call(studio, "clothes", made, clothes_id="c-3")
    red = call(studio, "background", dressed["mt_generate_id"], background="#FF0000")
    assert change(image_of(studio, dressed), image_of(studio, red), -1, 1.5, 1, 2.1) < 4


def test_makeup_paints_lips(studio):
    plain, painted = after(studio, "makeup", makeup_id="m-1")
    assert change(plain, painted, -0.15, 0.46, 0.15, 0.54) > 12
    assert change(plain, painted, -0.3, -0.6, 0.3, -0.2) < 2
    other = after(studio, "makeup", makeup_id="m-2")[1]
    assert change(other, painted, -0.15, 0.46, 0.15, 0.54) > 3


def test_skin_evens_colours_and_keeps_detail(studio):
    plain, even = after(studio, "skin")
    assert hues(even) < 0.6 * hues(plain)
    assert edges(even) > 0.8 * edges(plain)


def test_symmetry_mirrors(studio):
    plain, mirrored = after(studio, "symmetry")
    assert lopsided(mirrored) < 0.5 * lopsided(plain)


def test_expression_eyes_and_glasses_change_their_own_parts(studio):
    mouth, eyes, bridge = (-0.35, 0.35, 0.35, 0.65), (-0.35, -0.06, -0.13, 0.06), \
        (-0.05, -0.04, 0.05, 0.04)
    around = (-0.4, 0.1, -0.1, 0.16)
    plain, smile = after(studio, "expression")
    gaze, clear = after(studio, "eyes")[1], after(studio, "glasses")[1]
    assert change(plain, smile, *mouth) > 5 and change(plain, smile, *eyes) < 2
    assert change(plain, gaze, *eyes) > 5 and change(plain, gaze, *mouth) < 2
    assert change(plain, gaze, *bridge) < 3
    assert change(plain, clear, *around) > 1.5 and change(plain, clear, *mouth) < 2
    assert change(plain, gaze, *around) < 1.5


def test_shading_lights_the_dark_half(gallery):
    folder, sandbox = gallery
    portrait = Image.open(PHOTOS / "portrait.jpg").convert("RGB")
    dark = Image.eval(portrait, lambda value: value * 7 // 10)
    shade = Image.new("L", portrait.size, 0)
    shade.paste(255, (228, 0, 512, 512))
    Image.composite(dark, portrait, shade).save(folder / "portrait.jpg", quality=95)
    plain, lit = after(sandbox, "shading")
    assert balance(plain) < -25 and abs(balance(lit)) < 0.6 * abs(balance(plain))


def test_stacking_shows_and_is_listed(studio):
    made = call(studio, "make", photo_url(studio), **PLAIN)["mt_generate_id"]
    one = call(studio, "clothes", made, clothes_id="c-3")
    clean = image_of(studio, call(studio, "clothes", made, clothes_id="c-4"))
    soft = call(studio, "beauty", one["mt_generate_id"])["mt_generate_id"]
    ugly = image_of(studio, call(studio, "clothes", soft, clothes_id="c-4"))
    assert [row["stacked"] for row in studio.calls()] == [False] * 4 + [True]
    assert change(clean, ugly, -0.3, 1.0, 0.3, 1.16) > 15
    assert change(clean, ugly, -0.9, -0.2, -0.68, 0.2) > 10
    assert change(clean, ugly, -0.9, 1.6, 0.9, 2.0) < 4


def test_photos_are_marked_unless_none_is_asked(studio):
    plain = image_of(studio, call(studio, "make", photo_url(studio), **PLAIN))
    marks = {}
    for mark in (None, "w-1", "w-2"):
        extra = {} if mark is None else {"watermark_id": mark, "layout_watermark_id": "l-1"}
        colours = {**SIZE, "background": "#438EDB"}
        made = call(studio, "make", photo_url(studio), **colours, **extra)
        marks[mark] = image_of(studio, made)
        assert change(plain, marks[mark], -1.2, -1.4, 1.2, 1.8) > 3
    assert change(marks["w-1"], marks["w-2"], -1.2, -1.4, 1.2, 1.8) > 3
    assert change(marks["w-1"], marks[None], -1.2, -1.4, 1.2, 1.8) > 3
    red = call(studio, "background", made["mt_generate_id"], background="#438EDB")
    assert change(marks["w-2"], image_of(studio, red), -1.2, -1.4, 1.2, 1.8) < 3
    clean = call(studio, "beauty", made["mt_generate_id"], strength=0, watermark_id="none")
    assert change(plain, image_of(studio, clean), -1.2, -1.4, 1.2, 1.8) < 3


def test_hair_comes_first_and_stays_on_the_made_photo(studio):
    bald = image_of(studio, call(studio, "make", photo_url(studio), **PLAIN))
    hair = call(studio, "hair", photo_url(studio), hair_id="h-1")["mt_generate_id"]
    made = call(studio, "make", hair, **PLAIN)
    image = image_of(studio, made)
    assert image.size == (WIDTH, HEIGHT)
    assert change(bald, image, -0.5, -0.9, 0.5, -0.6) > 20
    assert change(bald, image, -0.3, 0.3, 0.3, 0.7) < 12
    other = call(studio, "hair", photo_url(studio), hair_id="h-2")["mt_generate_id"]
    third = image_of(studio, call(studio, "make", other, **PLAIN))
    assert change(third, image, -0.5, -0.9, 0.5, -0.6) > 20
