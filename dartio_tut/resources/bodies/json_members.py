"""
Values of JSON that a lesson expects.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import isinf
from typing import Any

from twisted.web.http import BAD_REQUEST

from ..responses import UNPROCESSABLE_CONTENT, HTTPError
from .json_faults import MAX_DIGITS

_digits = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}").fullmatch

_decimal = re.compile(
    r"-?[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,3})?"
).fullmatch


def parse_whole_number(name: str, value: Any) -> int:
    """
    Return *value*, a number or a string of one, as a whole number: ``1.0`` is 1.

    :param name: that of the member, for the client.
    :raise HTTPError: 422 when it is another type; 400 when it is not a whole number.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise HTTPError(UNPROCESSABLE_CONTENT, f"Expected {name} to be a number.")
    text = str(value)
    if _digits(text):
        return int(text)
    if _decimal(text) and not isinf(float(text)):
        number, divisor = Decimal(text).as_integer_ratio()  # a float would be rounded
        if divisor == 1:
            return number
    raise HTTPError(BAD_REQUEST, f"{name} is not a whole number.")
