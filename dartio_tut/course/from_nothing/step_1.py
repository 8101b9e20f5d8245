"""
Step 1: a socket that prints what a client sends.
"""

import socket

RECEIVE_BYTES = 65536  # the most that is taken from a connection at once


def main() -> None:
    """Accept one client after the other, and print the bytes that each sends."""
    with socket.create_server(("127.0.0.1", 4040)) as listening:
        print("Listening on http://127.0.0.1:4040/")
        while True:
            connection, address = listening.accept()
            with connection:
                print("A client is here, from port", address[1])
                received = connection.recv(RECEIVE_BYTES)
                for line in received.splitlines(keepends=True):
                    print(line)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped.")
