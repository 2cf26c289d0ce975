"""Signed links and click ids as another system computes them (design: the redirect)."""
import base64
import hashlib
import hmac
import struct

MASK = 2**64 - 1


def signature(secret, offer_uuid, user, expires):
    """base64url without padding of HMAC-SHA256(secret, v1 / offer / user / expires)."""
    text = f"v1\n{offer_uuid.lower()}\n{user}\n{expires}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def signed_query(secret, offer_uuid, user, expires):
    return f"e={expires}&s={signature(secret, offer_uuid, user, expires)}"


def siphash24(key, data):
    """SipHash-2-4 as its authors publish it; key: 16 bytes."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [0x736F6D6570736575 ^ k0, 0x646F72616E646F6D ^ k1, 0x6C7967656E657261 ^ k0, 0x7465646279746573 ^ k1]

    def rotate(x, bits):
        return ((x << bits) | (x >> (64 - bits))) & MASK

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for offset in range(0, len(padded), 8):
        word, = struct.unpack_from("<Q", padded, offset)
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def click_tag(key_hex, click_uuid):
    """The last 32 bits a click id must have: low half of SipHash-2-4 over its first 12 bytes."""
    return siphash24(bytes.fromhex(key_hex), click_uuid.bytes[:12]) & 0xFFFFFFFF
