#!/usr/bin/env python3
"""The queue of nodes.ts in Python: n0 has it, and applies each request once."""
import json
import os
import select
import sys
import time
from collections import deque

RETRY_S = 0.1

node_id = None
last_id = 0
elements = deque()  # On n0.
results = {}  # On n0: request id -> what it returned.
waiting = {}  # msg_id -> [request to n0, client's message, when it was sent].


def send(dest, body):
    print(json.dumps({"src": node_id, "dest": dest, "body": body}), flush=True)


def reply(message, body):
    send(message["src"], {**body, "in_reply_to": message["body"]["msg_id"]})


def apply(request):
    """Applies a request, or returns again what it returned."""
    if request["id"] not in results:
        element = request["element"]
        if element is not None:
            elements.append(element)
            results[request["id"]] = None
        else:
            results[request["id"]] = elements.popleft() if elements else None
    return results[request["id"]]


def answer(message, element):
    if message["body"]["type"] == "enqueue":
        reply(message, {"type": "enqueue_ok"})
    else:
        reply(message, {"type": "dequeue_ok", "element": element})


def pass_on(message):
    """Asks n0 for what a client wants, until it replies."""
    global last_id
    last_id += 1
    request = {
        "type": "apply",
        "msg_id": last_id,
        "id": f"{node_id}-{last_id}",
        "element": message["body"].get("element"),
    }
    if node_id == "n0":
        answer(message, apply(request))
    else:
        waiting[last_id] = [request, message, 0.0]


def receive(message):
    global node_id
    body = message["body"]
    kind = body["type"]
    if kind == "init":
        node_id = body["node_id"]
        reply(message, {"type": "init_ok"})
    elif kind in ("enqueue", "dequeue"):
        pass_on(message)
    elif kind == "apply":
        reply(message, {"type": "apply_ok", "element": apply(body)})
    elif kind == "apply_ok":
        answered = waiting.pop(body["in_reply_to"], None)
        if answered is None:
            return
        answer(answered[1], body["element"])


def send_requests(now):
    """Sends the requests that are new, or unanswered for a while."""
    for entry in waiting.values():
        if now - entry[2] >= RETRY_S:
            entry[2] = now
            send("n0", entry[0])


buffer = b""
while True:
    readable, _, _ = select.select([0], [], [], RETRY_S)
    if readable:
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit()
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            receive(json.loads(line))
    send_requests(time.monotonic())
