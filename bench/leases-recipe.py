"""The known recipe for leasing ports, which bench/leases.ts compares with: a JSON file under a lock, a scan from the first port on, a
probe by binding, and a temporary file that is renamed. Several processes claim every port of a range. The script prints one line of
JSON for each claim: when it ended and how long it took, in milliseconds."""

import fcntl
import json
import multiprocessing
import os
import socket
import sys
import time


def claim(folder, first, last, owner):
    """Leases one port; None if there is none."""
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = os.path.join(folder, "leases.json")
        try:
            with open(path) as file:
                leases = json.load(file)
        except FileNotFoundError:
            leases = {}
        for port in range(first, last + 1):
            if str(port) in leases:
                continue
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            leases[str(port)] = {"owner": owner, "since": time.time()}
            temporary = f"{path}.{os.getpid()}"
            with open(temporary, "w") as file:
                json.dump(leases, file)
            os.rename(temporary, path)
            return port
    return None


def work(folder, first, last, owner, results):
    claims = []
    while True:
        began = time.monotonic()
        if claim(folder, first, last, owner) is None:
            break
        ended = time.monotonic()
        claims.append((ended * 1000, (ended - began) * 1000))
    results.put(claims)


def main():
    folder, first, last, claimants = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    results = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=work, args=(folder, first, last, f"owner-{i}", results)) for i in range(claimants)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        for ended, took in results.get():
            print(json.dumps({"ended": ended, "took": took}))
    for worker in workers:
        worker.join()


main()
