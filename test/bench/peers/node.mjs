// A typical echo node for Node.js, without a library.
import { createInterface } from "node:readline";

let id = "";

const reply = ({ src, body }, fields) =>
  console.log(
    JSON.stringify({ src: id, dest: src, body: { ...fields, in_reply_to: body.msg_id } }),
  );

createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  const { type, echo, node_id } = request.body;
  if (type === "init") {
    id = node_id;
    reply(request, { type: "init_ok" });
  } else if (type === "echo") {
    reply(request, { type: "echo_ok", echo });
  }
});
