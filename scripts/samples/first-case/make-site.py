#!/usr/bin/env python3
"""Writes the texts that the web server of the first case offers: a page, a listing and an archive.

Usage: make-site.py SITE LISTING
The pictures come from ffmpeg; see scripts/make-samples. The same call always writes the same bytes.
"""

import pathlib
import sys
import zipfile

SITE = pathlib.Path(sys.argv[1])
LISTING = pathlib.Path(sys.argv[2])

GOODS = ["roof tiles", "garden pots", "rope", "oak boards", "glass jars", "tortoise food", "straw", "heat lamps"]
SHIPS = ["Grey Heron", "Northern Pilot", "Marigold", "Saint Brannoc"]


def rows(count):
    for number in range(1, count + 1):
        goods = GOODS[(number * 5 + number // 7) % len(GOODS)]
        ship = SHIPS[(number * 3) % len(SHIPS)]
        weight = 12 + (number * 37) % 109
        day = 1 + number % 28
        yield number, goods, ship, weight, f"2026-10-{day:02}"


page = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8"><title>Tidewater Freight: manifest</title></head>',
        "<body><h1>Manifest of the week</h1>", "<p>Crate 17 waits at berth 17. Übergabe nach Absprache.</p>", "<table>"]
for number, goods, ship, weight, day in rows(120):
    page.append(f"<tr><td>{number}</td><td>{goods}</td><td>{ship}</td><td>{weight} kg</td><td>{day}</td></tr>")
page += ["</table>", '<p><img src="/photo/crate-17.jpg" alt="Crate 17"></p>', "</body></html>", ""]
(SITE / "manifest.html").write_text("\n".join(page), encoding="utf-8")

with open(LISTING, "w", encoding="utf-8", newline="\n") as listing:
    listing.write("crate,goods,ship,kilograms,arrival\n")
    for row in rows(400):
        listing.write(",".join(str(value) for value in row) + "\n")

with zipfile.ZipFile(SITE / "papers.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, text in [
        ("papers/invoice-17.txt", "Invoice 17\nCrate 17, garden pots, 40 kg\nPaid in cash.\n"),
        ("papers/berths.txt", "Berth 16: small boats\nBerth 17: small boats, live goods by arrangement\n"),
    ]:
        entry = zipfile.ZipInfo(name, date_time=(2026, 10, 17, 6, 30, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, text)
