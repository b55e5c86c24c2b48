#!/usr/bin/env python3
"""Embeds files in the binary: writes a C table and, beside it, each file gzipped, taken in with .incbin.

usage: embed.py OUT.c FOLDER NAME PATH [FOLDER NAME PATH]...
"""
import gzip
import hashlib
import os
import sys

TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.mjs': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.json': 'application/json',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
    '.txt': 'text/plain; charset=utf-8',
    '.woff2': 'font/woff2',
}


def c_string(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def incbin(symbol, path):
    """Top-level assembly: the bytes of path between symbol and symbol_end."""
    lines = ['.section .rodata', f'.balign 16', f'{symbol}:', f'.incbin {c_string(path)}', f'{symbol}_end:', '.byte 0',
             '.previous']
    return '__asm__(' + '\n        '.join(c_string(line + '\n').replace('\n', '\\n') for line in lines) + ');\n' + \
        f'extern const unsigned char {symbol}[], {symbol}_end[];\n'


def main():
    out, entries = sys.argv[1], sys.argv[2:]
    packed_dir = out + '.d'
    os.makedirs(packed_dir, exist_ok=True)
    blobs, rows = [], []
    for i in range(0, len(entries), 3):
        folder, name, path = entries[i:i + 3]
        extension = os.path.splitext(name)[1]
        if extension not in TYPES:
            sys.exit(f'{path}: no content type is known for {extension or "a name without an ending"}; add it to embed.py')
        with open(path, 'rb') as file:
            data = file.read()
        packed = os.path.abspath(os.path.join(packed_dir, f'{i // 3}.gz'))
        with open(packed, 'wb') as file:
            file.write(gzip.compress(data, 9, mtime=0))
        plain = f'dk_asset_{i // 3}'
        blobs.append(incbin(plain, os.path.abspath(path)) + incbin(plain + '_gz', packed))
        etag = hashlib.sha256(data).hexdigest()[:32]
        rows.append(f'    {{{c_string(folder)}, {c_string(name)}, {c_string(TYPES[extension])}, {c_string(etag)},\n'
                    f'     {plain}, {plain}_end, {plain}_gz, {plain}_gz_end}},\n')
    with open(out, 'w') as file:
        file.write('/* Written by tiler/embed.py. */\n#include "tiler/assets.h"\n\n')
        file.write(''.join(blobs))
        file.write('\nconst dk_asset dk_assets[] = {\n' + ''.join(rows) + '};\n')
        file.write(f'const size_t dk_n_assets = {len(rows)};\n')


main()
