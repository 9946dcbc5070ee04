#!/usr/bin/env python3
"""A unit that tells its state. Each argument is a step: a number of seconds to wait, `ignore-abort`, `hang`, `exit N`, `child TEXT` (sent by a child of its own), `hand-over` (a child of its own goes on with what is left, is named as MAINPID, and its parent ends at once), `daemon` (the same, and that is the leader of a session of its own), `touch FILE`, `until FILE` (waits for it), `orphan` (a child's child ends after its parent), `child-hang` (a child of its own that stays), `connect` (one socket for all that follows, whose errors end it), `print-env`, or a datagram with \\n for a new line."""
import os, signal, socket, subprocess, sys, time

connected = None

def send(text):
    data = text.encode().decode("unicode_escape").encode("latin-1")
    if connected is not None:
        connected.send(data)
        return
    address = os.environ["NOTIFY_SOCKET"]
    if address[0] == "@":
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(data, address)
        except (ConnectionRefusedError, FileNotFoundError):
            pass  # Nobody listens, as between two masters: no program ends for that.

for step in sys.argv[1:]:
    word, _, rest = step.partition(" ")
    if word == "ignore-abort":
        signal.signal(signal.SIGABRT, signal.SIG_IGN)
    elif word == "hang":
        while True:
            time.sleep(3600)
    elif word == "beat":
        while True:
            send("WATCHDOG=1")
            time.sleep(float(rest))
    elif word == "connect":
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        connected.connect(os.environ["NOTIFY_SOCKET"])
    elif word == "exit":
        sys.exit(int(rest))
    elif word == "child":
        subprocess.run([sys.executable, __file__, rest], check=True)
    elif word in ("hand-over", "daemon"):
        begin, began = os.pipe()
        child = os.fork()
        if child != 0:
            os.read(begin, 1)
            send(f"MAINPID={child}")
            os._exit(0)
        if word == "daemon":
            os.setsid()
        os.write(began, b".")
    elif word == "until":
        while not os.path.exists(rest):
            time.sleep(0.01)
    elif word == "touch":
        open(rest, "w").close()
    elif word == "orphan":
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.5)
            os._exit(0)
        os.wait()
    elif word == "child-hang":
        subprocess.Popen([sys.executable, __file__, "hang"])
    elif word == "print-env":
        print({name: value for name, value in os.environ.items() if name.startswith(("NOTIFY", "WATCHDOG", "LISTEN"))}, flush=True)
    elif word.replace(".", "").isdigit():
        time.sleep(float(word))
    else:
        send(step)
