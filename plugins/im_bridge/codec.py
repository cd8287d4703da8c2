"""The callback encryption that the WeChat family shares (WeCom, DingTalk HTTP events). Pure: no clock, no database.

AES-256-CBC with iv = key[:16], PKCS7 to 32 bytes; inside: 16 random bytes, length in bytes, message, receive id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
HEAD = 20
"""16 random bytes and the length, 4 bytes big-endian."""


class BadCallback(ValueError):
    """A message that is not what its sender should have sent; `code` says in which respect."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Codec:
    """One receiver: its token, its key and the id to which messages must be addressed (corp id or app key)."""

    token: str = field(repr=False)
    key: bytes = field(repr=False)
    receive_id: str

    @classmethod
    def of(cls, token: str, aes_key: str, receive_id: str) -> Codec:
        """From the 43 characters of the vendor's console; raises `BadCallback("aes_key")`."""
        try:
            key = base64.b64decode(f"{aes_key}=", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(aes_key) != 43 or len(key) != 32:
            raise BadCallback("aes_key")
        return cls(token, key, receive_id)

    def signature(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """SHA-1, as the vendors prescribe, over the four texts sorted and joined."""
        joined = "".join(sorted((self.token, timestamp, nonce, encrypt)))
        return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - the vendors' choice

    def open(self, encrypt: str, signature: str, timestamp: str, nonce: str) -> str:
        """The message; the signature is looked at before anything is decoded. Raises `BadCallback`."""
        wanted = self.signature(timestamp, nonce, encrypt)
        if not hmac.compare_digest(wanted.encode(), signature.encode()):
            raise BadCallback("signature")
        return self.decrypt(encrypt)

    def decrypt(self, encrypt: str) -> str:
        """The message inside; raises `BadCallback`."""
        plain = _unpad(self._run(_decoded(encrypt)))
        if len(plain) < HEAD:
            raise BadCallback("length")
        end = HEAD + int.from_bytes(plain[16:HEAD], "big")
        if end > len(plain):
            raise BadCallback("length")
        if not hmac.compare_digest(plain[end:], self.receive_id.encode()):
            raise BadCallback("receive_id")
        try:
            return plain[HEAD:end].decode()
        except UnicodeDecodeError:
            raise BadCallback("text") from None

    def encrypt(self, message: str, random: bytes | None = None) -> str:
        """Base64 of the encrypted message; `random` is given by tests alone."""
        content = message.encode()
        plain = (random or secrets.token_bytes(16)) + len(content).to_bytes(4, "big") + content
        worker = self._cipher().encryptor()
        padded = _pad(plain + self.receive_id.encode())
        return base64.b64encode(worker.update(padded) + worker.finalize()).decode()

    def seal(self, message: str, timestamp: str, nonce: str) -> tuple[str, str]:
        """The encrypted message and its signature."""
        encrypted = self.encrypt(message)
        return encrypted, self.signature(timestamp, nonce, encrypted)

    def _cipher(self) -> Cipher:
        return Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16]))

    def _run(self, data: bytes) -> bytes:
        worker = self._cipher().decryptor()
        return worker.update(data) + worker.finalize()


def _decoded(encrypt: str) -> bytes:
    try:
        data = base64.b64decode(encrypt, validate=True)
    except (binascii.Error, ValueError):
        raise BadCallback("base64") from None
    if not data or len(data) % BLOCK:
        raise BadCallback("block")
    return data


def _pad(data: bytes) -> bytes:
    count = BLOCK - len(data) % BLOCK
    return data + bytes([count]) * count


def _unpad(data: bytes) -> bytes:
    count = data[-1]
    if not 1 <= count <= BLOCK or not hmac.compare_digest(data[-count:], bytes([count]) * count):
        raise BadCallback("padding")
    return data[:-count]


def robot_sign(secret: str, timestamp_ms: str) -> str:
    """Signature of a DingTalk group robot's call, base64: the secret is the key and stands in the message too."""
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def card_signature(api_secret: str, timestamp: str) -> str:
    """What `x-ddpaas-signature` must be; it covers the time alone, never the body."""
    return base64.b64encode(hmac.new(api_secret.encode(), timestamp.encode(), hashlib.sha256).digest()).decode()
