"""
Text is letters, bytes are numbers. A charset says which numbers stand for a letter.
"""

NAME = "Léa"


def main() -> None:
    """Show one name in two charsets, and what becomes of it in the wrong one."""
    in_utf_8 = NAME.encode("utf-8")
    in_latin_1 = NAME.encode("latin-1")
    print("letters:", len(NAME))
    print("UTF-8:", in_utf_8, len(in_utf_8))
    print("Latin-1:", in_latin_1, len(in_latin_1))
    print("read as it was written:", in_utf_8.decode("utf-8"))
    print("read in the wrong charset:", in_utf_8.decode("latin-1"))
    try:
        in_latin_1.decode("utf-8")
    except UnicodeDecodeError as error:
        print("not UTF-8:", error.reason)
    print("whatever it is:", in_latin_1.decode("utf-8", "replace"))


if __name__ == "__main__":
    main()
