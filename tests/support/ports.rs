use std::fs::{File, OpenOptions};
use std::net::TcpListener;

use crate::program::target;

/// Below the ports that the system hands out by itself, so that no outgoing connection takes one of these meanwhile.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A port of this machine that no other test takes.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// Locked for as long as the port is reserved.
    _reserved: File,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        let folder = target().join("test-ports");
        std::fs::create_dir_all(&folder).expect("the target folder can be written");
        let random = uuid::Uuid::new_v4();
        let start = u16::from_be_bytes([random.as_bytes()[0], random.as_bytes()[1]]) % COUNT;
        (0..COUNT)
            .map(|offset| FIRST + (start + offset) % COUNT)
            .find_map(|number| {
                let path = folder.join(number.to_string());
                let file = OpenOptions::new().create(true).append(true).open(path).ok()?;
                file.try_lock().ok()?;
                TcpListener::bind(("127.0.0.1", number)).ok()?;
                Some(Self { number, _reserved: file })
            })
            .expect("a port is free")
    }
}
