//! How many connections there may be.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use support::{Backend, Phr, eventually};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use super::Raw;

/// A connection from another of this machine's addresses.
fn from(address: [u8; 4], to: SocketAddr) -> Raw {
    let runtime = Runtime::new().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((IpAddr::V4(Ipv4Addr::from(address)), 0).into()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    Raw(stream)
}

#[test]
fn one_address_cannot_take_all_connections() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_CONNECTIONS_PER_ADDRESS", "5"), ("PHR_HEADER_TIMEOUT", "3600")]);
    let mut open: Vec<Raw> = (0..5).map(|_| Raw::to(phr.address)).collect();
    for connection in &mut open {
        assert!(connection.ask().contains("200 OK"));
    }
    let mut sixth = Raw::to(phr.address);
    let refused = sixth.until("already\n");
    assert!(sixth.is_closed());
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 429"), "{refused}");
    assert!(refused.is_empty() || refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(from([127, 0, 0, 2], phr.address).ask().contains("200 OK"), "another address is served");
    open.pop();
    let again = || Raw::to(phr.address).ask().contains("200 OK").then_some(());
    eventually("a connection that ended makes room for another", again);
    for connection in &mut open {
        assert!(connection.ask().contains("200 OK"));
    }
}

#[test]
fn a_trusted_proxy_speaks_for_many_and_may_have_as_many_connections_as_there_are() {
    let settings = [("PHR_MAX_CONNECTIONS_PER_ADDRESS", "2"), ("PHR_TRUSTED_PROXIES", "127.0.0.2/31")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let mut open: Vec<Raw> = (0..20).map(|_| from([127, 0, 0, 3], phr.address)).collect();
    for connection in &mut open {
        assert!(connection.ask().contains("200 OK"));
    }
}

#[test]
fn ten_thousand_idle_connections_of_one_address_leave_room_for_others() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_MAX_CONNECTIONS_PER_ADDRESS", "100")]);
    let mut other = from([127, 0, 0, 2], phr.address);
    assert!(other.ask().contains("200 OK"));
    let mut idle: Vec<Raw> = (0..10_000).map(|_| Raw::to(phr.address)).collect();
    assert!(from([127, 0, 0, 2], phr.address).ask().contains("200 OK"));
    assert!(other.ask().contains("200 OK"));
    // The newest were refused, and were told so by being closed.
    for connection in idle.iter_mut().rev().take(100) {
        eventually("the connection is closed", || connection.is_closed().then_some(()));
    }
    drop(idle);
    eventually("there is room again", || Raw::to(phr.address).ask().contains("200 OK").then_some(()));
}

#[test]
fn a_connection_beyond_the_limit_waits_until_another_is_closed() {
    let settings =
        [("PHR_MAX_CONNECTIONS", "10"), ("PHR_MAX_CONNECTIONS_PER_ADDRESS", "0"), ("PHR_HEADER_TIMEOUT", "3600")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let mut open: Vec<Raw> = (0..10).map(|_| Raw::to(phr.address)).collect();
    let mut answer = |connection: &mut Raw| assert!(connection.ask().contains("200 OK"));
    open.iter_mut().for_each(&mut answer);
    let mut eleventh = Raw::to(phr.address);
    eleventh.send(super::ALIVE);
    for _ in 0..20 {
        open.iter_mut().for_each(&mut answer);
        assert!(eleventh.is_silent(), "ten are open");
    }
    open.pop();
    assert!(eleventh.until("live\n").contains("200 OK"), "its turn has come");
}

#[test]
fn connections_beyond_the_limit_are_served_when_idle_ones_are_cut_off() {
    let settings =
        [("PHR_MAX_CONNECTIONS", "10"), ("PHR_MAX_CONNECTIONS_PER_ADDRESS", "0"), ("PHR_HEADER_TIMEOUT", "1")];
    let phr = Phr::with(Backend::Sqlite, &settings);
    let idle: Vec<Raw> = (0..50).map(|_| Raw::to(phr.address)).collect();
    assert!(Raw::to(phr.address).ask().contains("200 OK"), "its turn has come");
    drop(idle);
}
