"""Compress to the same bytes on every machine, which zlib doesn't promise: its builds differ from each other.

RFC 1951, one final block with the fixed Huffman codes; bits are written as text in the order of the stream.
"""

from collections.abc import Iterator

_SEED = 4
_MAX_LENGTH = 258
_MAX_DISTANCE = 32_768
_END = 256


def deflate(content: bytes) -> bytes:
    """The raw deflate stream of the content; any reader of zips unpacks it."""
    bits = "".join(["110", *_find_codes(content), _SYMBOLS[_END]])
    return int(bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")


def _find_codes(content: bytes) -> Iterator[str]:
    """The code of each literal, or of the copy of what stood nearest before."""
    seen: dict[bytes, int] = {}
    place = 0
    while place < len(content):
        seed = content[place : place + _SEED]
        start = seen.get(seed, place)
        seen[seed] = place
        distance = place - start
        if not 0 < distance <= _MAX_DISTANCE or len(seed) < _SEED:
            yield _SYMBOLS[content[place]]
            place += 1
            continue
        length = _count_equal(content, start, place)
        yield _LENGTHS[length]
        yield _code_distance(distance)
        for inner in range(place + 1, place + length):
            seen[content[inner : inner + _SEED]] = inner
        place += length


def _count_equal(content: bytes, start: int, place: int) -> int:
    length, most = _SEED, min(_MAX_LENGTH, len(content) - place)
    while length < most and content[start + length] == content[place + length]:
        length += 1
    return length


def _code_symbol(symbol: int) -> str:
    """RFC 1951, 3.2.6."""
    if symbol < 144:
        return format(0b00110000 + symbol, "08b")
    if symbol < 256:
        return format(0b110010000 + symbol - 144, "09b")
    return format(symbol - 256, "07b") if symbol < 280 else format(0b11000000 + symbol - 280, "08b")


def _code_length(length: int) -> str:
    """RFC 1951, 3.2.5: a symbol, and bits behind it for what the symbol leaves open."""
    rest = length - 3
    if length == _MAX_LENGTH:
        return _SYMBOLS[285]
    if rest < 8:
        return _SYMBOLS[257 + rest]
    extra = rest.bit_length() - 3
    return _SYMBOLS[261 + 4 * extra + (rest >> extra & 3)] + _write_extra(rest, extra)


def _code_distance(distance: int) -> str:
    rest = distance - 1
    if rest < 2:
        return format(rest, "05b")
    extra = rest.bit_length() - 2
    return format(2 * extra + 2 + (rest >> extra & 1), "05b") + _write_extra(rest, extra)


def _write_extra(value: int, count: int) -> str:
    """The lowest bits, the least one first."""
    return "".join(str(value >> place & 1) for place in range(count))


_SYMBOLS = [_code_symbol(symbol) for symbol in range(288)]
_LENGTHS = {length: _code_length(length) for length in range(3, _MAX_LENGTH + 1)}
