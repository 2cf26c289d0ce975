"""Writes a small address database in MaxMind's format (maxmind.github.io/MaxMind-DB), for NGINX's geoip2 module."""
import ipaddress
import struct
import time

UTF8, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11
RECORD_BITS = 24


def encoded(value):
    """A value of the data section; a number is a pair of its type and itself."""
    if isinstance(value, str):
        data = value.encode()
        return header(UTF8, len(data)) + data
    if isinstance(value, dict):
        return header(MAP, len(value)) + b"".join(encoded(word) for pair in value.items() for word in pair)
    if isinstance(value, list):
        return header(ARRAY, len(value)) + b"".join(map(encoded, value))
    kind, number = value
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return header(kind, len(data)) + data


def header(kind, size):
    assert size < 29, "longer values are written in another way"
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])


def write_country_database(path, countries):
    """countries: {"203.0.113.0/24": "IN", …}; networks do not overlap."""
    tree, data = [[None, None]], b""
    for network, code in countries.items():
        network = ipaddress.ip_network(network)
        # IPv4 is the part of the tree below ::/96.
        length = network.prefixlen + (96 if network.version == 4 else 0)
        address, node = int(network.network_address), 0
        for depth in range(length):
            side = address >> (127 - depth) & 1
            if depth == length - 1:
                tree[node][side] = ("data", len(data))
            elif tree[node][side] is None:
                tree.append([None, None])
                tree[node][side] = len(tree) - 1
            node = tree[node][side]
        data += encoded({"country": {"iso_code": code}})

    def record(side):
        if side is None:
            return len(tree)  # nothing is known
        return side if isinstance(side, int) else len(tree) + 16 + side[1]

    nodes = b"".join(struct.pack(">I", record(side))[1:] for node in tree for side in node)
    about = encoded({"node_count": (UINT32, len(tree)), "record_size": (UINT16, RECORD_BITS), "ip_version": (UINT16, 6),
                     "database_type": "Test-Country", "languages": ["en"], "build_epoch": (UINT64, int(time.time())),
                     "binary_format_major_version": (UINT16, 2), "binary_format_minor_version": (UINT16, 0),
                     "description": {"en": "countries of the tests"}})
    path.write_bytes(nodes + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + about)
