//! A flood of echo requests in turmoil: CLIENTS clients ask HOSTS hosts over UDP, each one request
//! after the other, for SECONDS of simulated time. Every message is written and parsed as JSON. Prints
//! the number of messages.
//!
//!     flood [CLIENTS] [HOSTS] [SECONDS] [LATENCY_MS]

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{json, Value};
use turmoil::net::UdpSocket;

const PORT: u16 = 9000;
const ANY: (IpAddr, u16) = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);

fn argument(index: usize, default: u64) -> u64 {
    std::env::args().nth(index).map_or(default, |text| text.parse().expect("a number"))
}

async fn serve(name: String) -> turmoil::Result {
    let socket = UdpSocket::bind(ANY).await?;
    let mut buffer = [0; 4096];
    loop {
        let (length, client) = socket.recv_from(&mut buffer).await?;
        let message: Value = serde_json::from_slice(&buffer[..length])?;
        let (src, body) = (&message["src"], &message["body"]);
        let reply = json!({
            "src": name,
            "dest": src,
            "body": { "type": "echo_ok", "echo": body["echo"], "in_reply_to": body["msg_id"] },
        });
        socket.send_to(&serde_json::to_vec(&reply)?, client).await?;
    }
}

async fn ask(name: String, host: String, end: Duration, count: Rc<Cell<u64>>) -> turmoil::Result {
    let socket = UdpSocket::bind(ANY).await?;
    let mut buffer = [0; 4096];
    let mut id: u64 = 0;
    while turmoil::elapsed() < end {
        id += 1;
        let request = json!({
            "src": name,
            "dest": host,
            "body": { "type": "echo", "echo": format!("Please echo {}", id % 128), "msg_id": id },
        });
        socket.send_to(&serde_json::to_vec(&request)?, (host.as_str(), PORT)).await?;
        let (length, _) = socket.recv_from(&mut buffer).await?;
        let reply: Value = serde_json::from_slice(&buffer[..length])?;
        assert_eq!(reply["body"]["in_reply_to"], id);
        count.set(count.get() + 2);
    }
    Ok(())
}

fn main() -> turmoil::Result {
    let [clients, hosts] = [argument(1, 8), argument(2, 4)];
    let end = Duration::from_secs(argument(3, 10));
    let latency = Duration::from_millis(argument(4, 1));
    let mut sim = turmoil::Builder::new()
        .simulation_duration(end + Duration::from_secs(60))
        .min_message_latency(latency)
        .max_message_latency(latency)
        .build();
    let count = Rc::new(Cell::new(0));
    for index in 0..hosts {
        let name = format!("n{index}");
        sim.host(name.clone(), move || serve(name.clone()));
    }
    for index in 0..clients {
        let [name, host] = [format!("c{index}"), format!("n{}", index % hosts)];
        sim.client(name.clone(), ask(name, host, end, count.clone()));
    }
    sim.run()?;
    println!("{}", count.get());
    Ok(())
}
