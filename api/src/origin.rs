//! Where a request comes from: the peer of its connection, or the client that trusted proxies speak for.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use serde::Deserialize;

/// The other end of a connection; in the extensions of every request that came by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address, and the port it uses there.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by this server.
    pub is_encrypted: bool,
}

/// In which header proxies tell whom they speak for. Only one is read: the other one passes most proxies untouched, as
/// whatever a client has written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: client, proxy`
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy`, RFC 7239.
    Forwarded,
}

impl ForwardedHeader {
    /// The header's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The address that one entry of the header names; none when it hides it.
    fn address(self, entry: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => parse(entry),
            Self::Forwarded => entry.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then(|| parse(value.trim().trim_matches('"')))?
            }),
        }
    }
}

/// Proxies that are believed when they say whom they speak for.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    networks: Vec<IpNet>,
}

impl Proxies {
    /// Addresses and networks, separated by commas: `10.0.0.7, 192.168.0.0/16, fd00::/8`.
    ///
    /// # Errors
    /// For people: the entry that is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let network = |entry: &str| {
            let wrong = || format!("{entry} is neither an address nor a network such as 10.0.0.0/8");
            entry.parse().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from)).map_err(|_| wrong())
        };
        Ok(Self { networks: entries.map(network).collect::<Result<_, _>>()? })
    }

    /// Whether `address` is one of them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The client: the peer itself unless it is one of these proxies, else the last address in the header's `lines` that
    /// is none of them. What stands before that may have been written by anybody.
    pub fn client<'h>(&self, peer: IpAddr, header: ForwardedHeader, lines: impl Iterator<Item = &'h str>) -> IpAddr {
        let mut known = peer.to_canonical();
        if !self.contain(known) {
            return known;
        }
        let lines: Vec<&str> = lines.collect();
        for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Some(address) = header.address(entry.trim()) else { break };
            known = address;
            if !self.contain(address) {
                break;
            }
        }
        known
    }
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// What one caller has of the network: an address of IPv4, or 64 bits of IPv6, which every host may have all of.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXIES: &str = "127.0.0.1, 10.0.0.0/8, fd00::/8";

    fn client(peer: &str, header: ForwardedHeader, lines: &[&str]) -> String {
        let proxies = Proxies::parse(PROXIES).unwrap();
        proxies.client(peer.parse().unwrap(), header, lines.iter().copied()).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_others() {
        let header = ForwardedHeader::XForwardedFor;
        assert_eq!(client("203.0.113.9", header, &["192.0.2.1"]), "203.0.113.9");
        assert_eq!(client("10.1.2.3", header, &[]), "10.1.2.3");
        assert_eq!(client("10.1.2.3", header, &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client("::ffff:10.1.2.3", header, &["[2001:db8::1]:443"]), "2001:db8::1");
    }

    #[test]
    fn the_last_untrusted_address_counts_and_nothing_before_it() {
        let header = ForwardedHeader::XForwardedFor;
        assert_eq!(client("127.0.0.1", header, &["1.1.1.1, 192.0.2.1, 10.0.0.2"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1", header, &["1.1.1.1", "192.0.2.1:9, fd00::1"]), "192.0.2.1");
        assert_eq!(client("127.0.0.1", header, &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        for hidden in ["unknown", "_secret", "", "999.1.1.1", "1.2.3.4.5", "fe80::1%eth0"] {
            let line = format!("192.0.2.1, {hidden}, 10.0.0.2");
            assert_eq!(client("127.0.0.1", header, &[&line]), "10.0.0.2", "{hidden}");
        }
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_wished() {
        let header = ForwardedHeader::Forwarded;
        let line = "for=1.1.1.1, For=\"[2001:db8::17]:4711\";proto=https;by=10.0.0.2, proto=http;for=10.9.9.9";
        assert_eq!(client("127.0.0.1", header, &[line]), "2001:db8::17");
        assert_eq!(client("127.0.0.1", header, &["for=1.1.1.1, for=unknown"]), "127.0.0.1");
    }

    #[test]
    fn proxies_that_are_none_are_named() {
        for wrong in ["proxy.example", "10.0.0.0/33", "10.0.0"] {
            assert!(Proxies::parse(&format!("127.0.0.1,{wrong}")).unwrap_err().contains(wrong));
        }
        assert!(!Proxies::parse(" , ").unwrap().contain("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_network_is_what_one_caller_has() {
        let same = |one: &str, other: &str| network(one.parse().unwrap()) == network(other.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }
}
