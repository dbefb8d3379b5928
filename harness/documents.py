# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""Documents to print, made here: PDF and PostScript with any number of pages, JPEG and PWG raster through Ghostscript."""

import os
import zlib

from .process import run


def pdf(path, pages=3, title="Printbridge", filler_bytes=0, text=None):
    """A PDF whose page n says `title` page n; filler is random, so that nothing on the way can squeeze it."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", None, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for number in range(1, pages + 1):
        lines = text(number) if text else [f"{title}: page {number} of {pages}"]
        stream = "BT /F1 28 Tf 60 760 Td " + " ".join(f"({line}) Tj 0 -34 Td" for line in lines) + " ET\n"
        stream += f"0.2 0.4 0.8 rg 60 {620 - 8 * (number % 20)} {20 * (number % 22 + 1)} 40 re f\n"
        data = stream.encode("latin-1")
        objects.append(f"<< /Length {len(data)} >>\nstream\n".encode() + data + b"endstream")
        content = len(objects)
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R "
                       "/Resources << /Font << /F1 3 0 R >> >> >>")
        kids.append(len(objects))
    objects[1] = f"<< /Type /Pages /Count {pages} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>"
    if filler_bytes:
        objects.append((f"<< /Length {filler_bytes} >>\nstream\n".encode(), filler_bytes, b"\nendstream"))
    _write_pdf(path, objects)
    return str(path)


def _write_pdf(path, objects):
    offsets = []
    with open(path, "wb") as file:
        file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        for number, body in enumerate(objects, 1):
            offsets.append(file.tell())
            file.write(f"{number} 0 obj\n".encode())
            if isinstance(body, tuple):
                file.write(body[0])
                left = body[1]
                while left > 0:
                    piece = os.urandom(min(left, 1 << 20))
                    file.write(piece)
                    left -= len(piece)
                file.write(body[2])
            else:
                file.write(body.encode() if isinstance(body, str) else body)
            file.write(b"\nendobj\n")
        start = file.tell()
        file.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
        file.writelines(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
        file.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())


def postscript(path, pages=2, filler_bytes=0):
    """Filler is comments: a driver chain that takes PostScript passes them on."""
    with open(path, "w", encoding="ascii") as file:
        file.write(f"%!PS-Adobe-3.0\n%%Pages: {pages}\n%%EndComments\n")
        for _ in range(filler_bytes // 98):
            file.write("%" + os.urandom(48).hex() + "\n")
        for number in range(1, pages + 1):
            file.write(f"%%Page: {number} {number}\n/Helvetica findfont 28 scalefont setfont 60 760 moveto "
                       f"(PostScript page {number}) show showpage\n")
        file.write("%%Trailer\n%%EOF\n")
    return str(path)


def wordy_postscript(path, lines=100_000):
    """As drivers write it: a lot of text, of which a tenth is worth sending."""
    with open(path, "w", encoding="ascii") as file:
        file.write("%!PS-Adobe-3.0\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\n")
        file.writelines(f"newpath {n % 600} {n % 800} moveto {n % 50} 0 rlineto stroke % line {n}\n" for n in range(lines))
        file.write("showpage\n%%Trailer\n%%EOF\n")
    return str(path)


def text(path, lines=40):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"Plain text, line {number}\n" for number in range(1, lines + 1))
    return str(path)


def jpeg(path, source_pdf):
    run(["gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=jpeg", "-r72", "-dLastPage=1",
         f"-sOutputFile={path}", source_pdf])
    return str(path)


def pwg_raster(path, pages=2, width=612, height=792):
    """Grey pages with a dark bar, 72 dpi, in the line-repeat and run-length coding of PWG 5102.4."""
    import struct
    with open(path, "wb") as file:
        file.write(b"RaS2")
        for page in range(pages):
            header = bytearray(1796)
            header[0:9] = b"PwgRaster"
            put = lambda at, *values: struct.pack_into(">" + "I" * len(values), header, at, *values)
            put(268, 0)                    # Duplex
            put(276, 72, 72)               # HWResolution
            put(340, 1)                    # NumCopies
            put(352, width, height)        # PageSize
            put(372, width, height)        # cupsWidth, cupsHeight
            put(384, 8, 8, width, 0, 18)   # bits per colour, per pixel, bytes per line, order, colour space sgray
            put(420, 1)                    # cupsNumColors
            put(452, pages, 1, 1)          # TotalPageCount, CrossFeedTransform, FeedTransform
            file.write(header)
            file.write(_pwg_lines(width, 100 + 40 * page, white=True))
            file.write(_pwg_lines(width, 100, white=False))
            file.write(_pwg_lines(width, height - 200 - 40 * page, white=True))
    return str(path)


def _pwg_lines(width, count, white):
    data = b""
    value = b"\xff" if white else b"\x20"
    runs, left = b"", width
    while left > 0:
        run_length = min(left, 128)
        runs += bytes([run_length - 1]) + value
        left -= run_length
    while count > 0:
        repeat = min(count, 256)
        data += bytes([repeat - 1]) + runs
        count -= repeat
    return data


def checksum(path):
    with open(path, "rb") as file:
        return zlib.crc32(file.read())
