"""
The errors of a store as status codes.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from twisted.logger import Logger
from twisted.web.http import (
    CONFLICT,
    GONE,
    INSUFFICIENT_STORAGE_SPACE,
    INTERNAL_SERVER_ERROR,
    NOT_FOUND,
    PRECONDITION_FAILED,
    SERVICE_UNAVAILABLE,
)

from dartio_tut.store import (
    Conflict,
    Deleted,
    IdempotencyKeyReused,
    NameTaken,
    NoSuchEntry,
    StoreFailed,
    StoreFull,
    StoreUnavailable,
)

from ..responses import UNPROCESSABLE_CONTENT, HTTPError
from ..used_up import USED_UP, is_used_up

T = TypeVar("T")

_log = Logger()


async def from_store(asked: Awaitable[T]) -> T:
    """
    Await what was *asked* of a store, and raise its errors as `HTTPError`: 404 for
    `NoSuchEntry`, 410 for `Deleted`, 409 for `NameTaken`, 412 for `Conflict`, 422 for
    `IdempotencyKeyReused`, 507 for `StoreFull`, 503 for `StoreUnavailable`, and where
    memory or file descriptors are used up; 500 for any other `OSError`.

    :raise InvalidName: unchanged, because a name that cannot be stored is 400 for a
        change and 404 for a look.
    """
    try:
        return await asked
    except Deleted as error:
        raise HTTPError(GONE, _sentence(error)) from None
    except NoSuchEntry as error:
        raise HTTPError(NOT_FOUND, _sentence(error)) from None
    except Conflict:
        text = "It is not the version that was expected."
        raise HTTPError(PRECONDITION_FAILED, text) from None
    except NameTaken as error:
        raise HTTPError(CONFLICT, f"Cannot store: {error}.") from None
    except IdempotencyKeyReused:
        text = "This Idempotency-Key came with something else before."
        raise HTTPError(UNPROCESSABLE_CONTENT, text) from None
    except StoreFull as error:
        raise HTTPError(INSUFFICIENT_STORAGE_SPACE, _sentence(error)) from None
    except StoreUnavailable as error:
        text = "The store cannot be reached. Try again."
        retry = ((b"Retry-After", b"%d" % error.retry_after),)
        raise HTTPError(SERVICE_UNAVAILABLE, text, retry) from None
    except OSError as error:
        if is_used_up(error):
            raise HTTPError(*USED_UP) from None
        if not isinstance(error, StoreFailed):
            _log.failure("The store failed")
        text = f"Exception during file I/O: {error.strerror or 'it failed'}."
        raise HTTPError(INTERNAL_SERVER_ERROR, text) from None


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
