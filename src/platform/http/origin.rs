//! From which address a request comes, where reverse proxies stand before the service.
//!
//! `X-Forwarded-For` is a word anybody can write: it is read only when the connection comes from a proxy that the
//! settings name, and only as far back as such proxies vouch for it.

use std::{fmt, net::IpAddr, str::FromStr};

use actix_web::HttpRequest;
use serde::Deserialize;

/// Addresses with the same first bits, such as `10.0.0.0/8` or `2001:db8::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

/// The address as a number on the left of 128 bits, and how many bits its family has.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    }
}

impl Network {
    /// Whether `address` belongs to it.
    pub fn has(&self, address: IpAddr) -> bool {
        let ((mine, width), (other, others)) = (number(self.address), number(address));
        // A shift by all 128 bits leaves nothing to compare.
        width == others && (mine ^ other).checked_shr(128 - self.bits).unwrap_or(0) == 0
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network such as 10.0.0.0/8 or 2001:db8::/32");
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (all, width) = number(address);
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > width {
            return Err(wrong());
        }
        if all.checked_shl(bits).unwrap_or(0) != 0 {
            return Err(format!("{text:?} has bits set behind its first {bits}"));
        }
        Ok(Self { address, bits })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

/// The proxies whose word is believed; in the app's data as `web::Data<Proxies>`.
#[derive(Debug, Clone, Default)]
pub struct Proxies(
    /// Their networks.
    pub Vec<Network>,
);

impl Proxies {
    /// The address a request comes from, as far as it can be believed; `None` only without a connection.
    pub fn origin(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let headers = request.headers().get_all("x-forwarded-for");
        let lines: Vec<&str> = headers.map(|line| line.to_str().unwrap_or_default()).collect();
        Some(self.believed(peer, &lines.join(",")))
    }

    /// Each proxy adds the address it was called from at the end: the last one that is no proxy of ours is the
    /// caller's. What stands before it is the caller's own word.
    fn believed(&self, peer: IpAddr, forwarded: &str) -> IpAddr {
        let mut origin = peer;
        for hop in forwarded.rsplit(',') {
            if !self.trusts(origin) {
                break;
            }
            let Some(address) = address_in(hop.trim()) else { break };
            origin = address;
        }
        origin
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn address_in(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|both| both.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse().ok().or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_the_addresses_with_its_first_bits() {
        for (net, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("0.0.0.0/0", "203.0.113.1", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            assert!(network(net).has(inside.parse().unwrap()), "{net} {inside}");
            assert!(!network(net).has(outside.parse().unwrap()), "{net} {outside}");
        }
        for bad in
            ["", "10.0.0.0/33", "10.0.0.1/8", "::1/129", "10.0.0.0/-1", "proxy", "10.0.0.0/8/8", "::1/64"]
        {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_a_trusted_proxy_vouches_for_is_believed() {
        let proxies = Proxies(vec![network("10.0.0.0/8"), network("::1")]);
        for (peer, forwarded, origin) in [
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("::1", "203.0.113.9:4711", "203.0.113.9"),
            ("::1", "[2001:db8::9]:4711", "2001:db8::9"),
            ("::1", "[2001:db8::9]", "2001:db8::9"),
            ("::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ] {
            let found = proxies.believed(peer.parse().unwrap(), forwarded);
            assert_eq!(found, origin.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
        let peer = "10.0.0.1".parse().unwrap();
        assert_eq!(Proxies::default().believed(peer, "203.0.113.9"), peer, "by default nobody is trusted");
    }
}
