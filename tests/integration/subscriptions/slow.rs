//! Clients that do not read what they asked for.

use serde_json::json;
use support::{Backend, Phr, Socket, eventually};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use super::{bearer, following, next, told};
use crate::patients::{self, register};

/// A WebSocket whose own end holds next to nothing.
fn hard_of_hearing(phr: &Phr) -> Socket {
    let stream = Runtime::new().unwrap().block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(phr.address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let mut socket = Socket::on(stream, phr.address, "graphql-transport-ws", &[]).unwrap();
    socket.say(&bearer(phr.token()));
    assert_eq!(socket.hear()["type"], "connection_ack");
    socket
}

#[test]
fn a_client_that_stops_reading_is_cut_off_and_misses_nothing_and_others_notice_nothing() {
    let settings = [("PHR_RESPONSE_TIMEOUT", "2"), ("LOG_LEVEL", "phr=debug")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let history: Vec<String> = (0..40).map(|number| format!("{number} {}", "long ago ".repeat(20))).collect();
    let uuid = register(&phr, &json!({ "medicalHistory": history }));
    let much: Vec<String> = (0..60).map(|number| format!("a{number}: medicalHistory")).collect();
    let (mut quick, _) = following(&phr, phr.token(), "address", &json!({}));
    let mut deaf = hard_of_hearing(&phr);
    deaf.subscribe("1", &super::registers(&much.join(" ")), &json!({}));
    let mut cursor = next(&mut deaf, "1")["cursor"].clone();
    let count = 40;
    let has_all = |heard: &[i64]| heard.last() == Some(&(count + 1));
    for number in 0..count {
        let change = json!({"uuid": uuid, "address": format!("{number} Oak Road")});
        patients::done(&phr, "updatePatientRegister", "uuid", &change);
        assert_eq!(told(&next(&mut quick, "1")).2, number + 2);
    }
    eventually("the client is cut off", || phr.log().contains("a WebSocket takes no more").then_some(()));
    let mut heard = Vec::new();
    while let Ok(message) = deaf.try_hear() {
        let event = &message["payload"]["data"]["patientRegisterChanged"];
        heard.push(told(event).2);
        cursor = event["cursor"].clone();
    }
    assert!(!has_all(&heard), "more fits into sockets than was sent");
    let mut again = Socket::of(phr.address, phr.token());
    again.subscribe("1", &super::registers("address"), &json!({ "after": cursor }));
    while !has_all(&heard) {
        heard.push(told(&next(&mut again, "1")).2);
    }
    assert_eq!(heard, (2..count + 2).collect::<Vec<_>>());
}
