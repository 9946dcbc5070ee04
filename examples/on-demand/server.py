"""A server that is handed its socket (systemd's protocol), and ends when nobody has come for a while: the next connection starts it again."""

import os
import socket

IDLE_SECONDS = float(os.environ.get("IDLE_SECONDS", "60"))

assert os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1", "start me with one socket"
listener = socket.socket(fileno=3)
listener.settimeout(IDLE_SECONDS)
body = f"hello from {os.getpid()}\n"
while True:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        break
    with connection:
        connection.settimeout(10)
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
