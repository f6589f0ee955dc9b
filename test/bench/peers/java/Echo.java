// An echo node in plain Java. Java's standard library has no JSON parser, so it finds fields by name;
// a node that parses JSON can only be slower.
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;

public final class Echo {
  public static void main(String[] args) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String body = line.contains("\"type\":\"echo\"")
          ? "\"type\":\"echo_ok\",\"echo\":\"" + field(line, "\"echo\":\"", "\"}}") + '"'
          : "\"type\":\"init_ok\"";
      out.write("{\"src\":\"n0\",\"dest\":\"" + field(line, "\"src\":\"", "\"") + "\",\"body\":{" + body
          + ",\"in_reply_to\":" + field(line, "\"msg_id\":", ",") + "}}\n");
      if (!in.ready()) out.flush();
    }
    out.flush();
  }

  /** The text between `name` and the first `end` after it. */
  private static String field(String line, String name, String end) {
    int from = line.indexOf(name) + name.length();
    return line.substring(from, line.indexOf(end, from));
  }
}
