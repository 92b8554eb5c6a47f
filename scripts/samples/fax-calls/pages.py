"""Draws the pages of the fax samples as PBM: text-like strokes, rules, a grey area by dots. The same in every run."""
import sys

WIDTH, HEIGHT = 1728, 240


def page(number):
    rows = []
    for y in range(HEIGHT):
        row = bytearray(WIDTH)
        for x in range(WIDTH):
            line, column = y // 24, x // 32
            black = False
            if 96 <= x < 1632 and y % 24 < 16 and line % 4 != 3:
                key = (line * 57 + column * 31 + number * 7) % 97
                dx, dy = x % 32 - 4, y % 24
                if key % 6 and 0 <= dx < 20:
                    black = (dx < 3 and key & 1) or (dy < 3 and key & 2) or (dy > 12 and key & 4) or abs(dx - dy) < 2
            if y in (4, 5) or (x in (60, 61, 62) and y > 100):
                black = True
            if y >= 200 and 400 <= x < 900 and (x * 5 + y * 3 + number) % 7 == 0:
                black = True
            row[x] = 1 if black else 0
        rows.append(bytes(int("".join(map(str, row[i : i + 8])), 2) for i in range(0, WIDTH, 8)))
    return b"P4\n%d %d\n" % (WIDTH, HEIGHT) + b"".join(rows)


for number in range(int(sys.argv[2])):
    with open(f"{sys.argv[1]}/page{number}.pbm", "wb") as file:
        file.write(page(number))
