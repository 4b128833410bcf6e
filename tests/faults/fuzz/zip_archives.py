"""Valid archives: of many tools, and unusual ones from hand-written fields."""

from pathlib import Path

from tests.support.archives import Entry, make_archive

CODE = Entry(b"index.py", b"def handler(): ...\n" * 3, deflated=True)
ENV = Entry(b".env", b"# settings\nTABLE=\nOTHER=kept\n", deflated=True)
MORE = Entry(b"lib/more.py", b"import index\n", mode=0o100755)

TOOLS = [path.read_bytes() for path in sorted((Path(__file__).parent / "archives").iterdir())]
"""By the name of the writing tool: small code with an env file, a folder, an empty file and a symlink."""

BY_HAND = [
    make_archive(),
    make_archive(ENV),
    make_archive(CODE, MORE),
    make_archive(CODE, ENV, MORE, ENV),
    make_archive(CODE, ENV, MORE, order=[2, 0, 1], comment=b"remark"),
    make_archive(CODE, Entry(b"data", b"x" * 50, gap=b"dead bytes that nobody names any more"), ENV),
    make_archive(CODE, ENV, MORE, prefix=b"#!stub\n", is_adjusted=False, zip64=True),
    make_archive(ENV, MORE, prefix=b"#!stub\n", zip64=True),
    *(
        make_archive(
            *(Entry(name, b"TABLE=" + name, True, descriptor=kind) for name in (b"a", b".env", b"b")), zip64=wide
        )
        for kind in ("I", "sI", "Q", "sQ")
        for wide in (False, True)
    ),
]

ARCHIVES = [*TOOLS, *BY_HAND]
