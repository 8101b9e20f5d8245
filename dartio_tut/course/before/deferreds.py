"""
A Deferred is a result that is not there yet. A coroutine can wait for it.
"""

from twisted.internet.defer import Deferred


def by_callback() -> None:
    """Say beforehand what is to be done with a result; then give the result."""
    order: Deferred[str] = Deferred()
    order.addCallback(lambda dish: print("The guest eats", dish))
    print("The guest has ordered.")
    order.callback("soup")


async def guest(order: Deferred[str]) -> str:
    """Wait for the dish, and eat it; leave if the kitchen has failed."""
    print("The guest waits.")
    try:
        dish = await order
    except LookupError as error:
        return f"The guest goes: {error}"
    return f"The guest eats {dish}"


def by_coroutine() -> None:
    """Wait for the same with await: the coroutine goes on when the result is there."""
    order: Deferred[str] = Deferred()
    eating = Deferred.fromCoroutine(guest(order))
    eating.addCallback(print)
    print("The cook cooks.")
    order.callback("soup")


def without_a_result() -> None:
    """Give an error instead of a result: await raises it."""
    order: Deferred[str] = Deferred()
    eating = Deferred.fromCoroutine(guest(order))
    eating.addCallback(print)
    order.errback(LookupError("no soup today"))


if __name__ == "__main__":
    by_callback()
    print("---")
    by_coroutine()
    print("---")
    without_a_result()
