"""A typical echo node for Python, without a library."""
import json
import sys

node_id = ""
for line in sys.stdin:
    request = json.loads(line)
    body = request["body"]
    reply = {"in_reply_to": body["msg_id"]}
    if body["type"] == "init":
        node_id = body["node_id"]
        reply["type"] = "init_ok"
    elif body["type"] == "echo":
        reply["type"] = "echo_ok"
        reply["echo"] = body["echo"]
    message = {"src": node_id, "dest": request["src"], "body": reply}
    print(json.dumps(message, separators=(",", ":")), flush=True)
