"""Readings of Chinese characters.

pinyin_table.py TABLE OUT.c             writes store/pinyin.txt as a C table (the build does)
pinyin_table.py --unihan READINGS       prints pinyin.txt, made of Unihan_Readings.txt or .txt.bz2 (Debian: unicode-data)

Taken are, in this order, what the standard list of 2013 (kTGHZ2013), Xiandai Hanyu Cidian (kXHC1983), a frequency
dictionary (kHanyuPinlu) and, where there is none of these, Unihan itself (kMandarin) say; without tones, at most four.
"""
import bz2
import re
import sys
import unicodedata

MOST = 4
FIRST, LAST = 0x3400, 0x9FFF  # the characters that are looked up by their place; others are searched for
ZERO = ord("〇")

HEAD = """# Readings of Chinese characters without tones, v for u with two dots: characters by syllable; a character with several
# readings stands with each, its number among them before it (2: the second). Made by pinyin_table.py of the Unihan
# database, version 15.0 (Unihan_Readings.txt, copyright 1991-2022 Unicode, Inc., https://www.unicode.org/license.txt).
"""


def plain(syllable):
    letters = []
    for c in unicodedata.normalize("NFD", syllable.lower()):
        if c == "\u0308":
            letters[-1] = "v"
        elif "a" <= c <= "z":
            letters.append(c)
    return "".join(letters)


def from_unihan(path):
    opened = bz2.open(path, "rt", encoding="utf-8") if path.endswith(".bz2") else open(path, encoding="utf-8")
    found = {}
    for line in opened:
        if not line.startswith("U+"):
            continue
        code, name, value = line.rstrip("\n").split("\t")
        if name in ("kTGHZ2013", "kXHC1983"):
            readings = [r for part in value.split() for r in part.split(":")[1].split(",")]
        elif name == "kHanyuPinlu":
            readings = re.sub(r"\([0-9]+\)", "", value).split()
        elif name == "kMandarin":
            readings = value.split()[:1]
        else:
            continue
        found.setdefault(int(code[2:], 16), {})[name] = readings
    found[ZERO] = {"kMandarin": ["ling"]}  # which Unihan leaves out
    syllables = {}
    for code, by_name in sorted(found.items()):
        common = [n for n in ("kTGHZ2013", "kXHC1983", "kHanyuPinlu") if n in by_name]
        if not common and not FIRST <= code <= LAST and code != ZERO:
            continue
        readings = []
        for name in common or ["kMandarin"]:
            for reading in map(plain, by_name[name]):
                if reading and reading not in readings:
                    readings.append(reading)
        for place, reading in enumerate(readings[:MOST]):
            syllables.setdefault(reading, []).append((str(place + 1) if place > 0 else "") + chr(code))
    print(HEAD, end="")
    for syllable, characters in sorted(syllables.items()):
        print(syllable, "".join(characters))


def to_c(path, out):
    syllables, readings = [], {}
    for line in open(path, encoding="utf-8"):
        if line.startswith("#"):
            continue
        syllable, characters = line.split()
        place = 0
        for c in characters:
            if c in "234":
                place = int(c) - 1
                continue
            readings.setdefault(ord(c), [None] * MOST)[place] = len(syllables)
            place = 0
        syllables.append(syllable)
    # lists of readings, each once; a character has the number of its list
    lists, numbers, by_code = [(0,) * MOST], {}, {}
    for code, places in readings.items():
        own = tuple(p + 1 for p in places if p is not None)
        own += (0,) * (MOST - len(own))
        if own not in numbers:
            numbers[own] = len(lists)
            lists.append(own)
        by_code[code] = numbers[own]
    with open(out, "w", encoding="utf-8") as c:
        c.write('#include "store/pinyin_table.h"\n\nconst char *const dk_pinyin_syllables[] = {\n    "",')
        c.write("".join(f' "{s}",' for s in syllables))
        c.write("\n};\nconst uint16_t dk_pinyin_lists[][DK_PINYIN_READINGS] = {\n")
        c.write("".join("    {" + ", ".join(map(str, own)) + "},\n" for own in lists))
        c.write("};\nconst uint16_t dk_pinyin_of[DK_PINYIN_LAST - DK_PINYIN_FIRST + 1] = {\n    ")
        c.write(",".join(str(by_code.get(code, 0)) for code in range(FIRST, LAST + 1)))
        c.write("\n};\nconst dk_pinyin_rare dk_pinyin_rares[] = {\n")
        rare = sorted(code for code in by_code if not FIRST <= code <= LAST)
        c.write("".join(f"    {{0x{code:X}, {by_code[code]}}},\n" for code in rare))
        c.write(f"}};\nconst size_t dk_pinyin_n_rares = {len(rare)};\n")


if len(sys.argv) != 3:
    sys.exit(__doc__)
if sys.argv[1] == "--unihan":
    from_unihan(sys.argv[2])
else:
    to_c(sys.argv[1], sys.argv[2])
