//! Access tokens: EdDSA JWTs of ten minutes, and those of a browser's session, checked as strictly as RFC 8725 asks.
//! A token of one kind is good for nothing where the other is asked for.
//!
//! Claims name account, session, organisation and epoch, nothing more: roles are read from the database. The
//! library's defaults (HS256, 60 s leeway, `nbf` unchecked, absent claims accepted) are all replaced.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::kernel::id::{AccountId, OrganisationId};

/// Life of an access token in seconds.
pub const ACCESS_SECONDS: i64 = 600;
/// Life of a browser's session in seconds: a shift of the control room (a setting of the hall).
pub const SESSION_SECONDS: i64 = 12 * 3600;
/// Who issues.
const ISSUER: &str = "tenderhall";

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `Authorization: Bearer`, the type of RFC 9068.
    Access,
    /// The cookie of a browser that signed in.
    Session,
}

impl Kind {
    fn audience(self) -> &'static str {
        match self {
            Self::Access => "tenderhall-api",
            Self::Session => "tenderhall-pages",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Session => "session+jwt",
        }
    }

    /// How long it lives.
    fn seconds(self) -> i64 {
        match self {
            Self::Access => ACCESS_SECONDS,
            Self::Session => SESSION_SECONDS,
        }
    }
}

/// Clocks of two instances may differ by this much.
const LEEWAY_SECONDS: u64 = 5;
/// A PKCS#8 document of an Ed25519 key is this, then the 32 bytes of the seed (RFC 8410).
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// What a token claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Issuer.
    iss: String,
    /// Audience.
    aud: String,
    /// Account.
    pub sub: AccountId,
    /// Session: the family of its refresh tokens, or a name of its own for a program.
    pub sid: Uuid,
    /// Organisation acted for.
    pub org: OrganisationId,
    /// Epoch of the account when issued.
    pub epoch: i32,
    /// Issued at, seconds of machine time.
    iat: i64,
    /// Not before.
    nbf: i64,
    /// Expires at.
    pub exp: i64,
}

impl Claims {
    /// Whether they are of a token of this kind.
    pub fn is(&self, kind: Kind) -> bool {
        self.aud == kind.audience()
    }
}

/// The key that signs tokens. Its `Debug` shows the public name only.
#[derive(Clone)]
pub struct TokenKeys {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("TokenKeys").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl TokenKeys {
    /// Reads `DIR/keys/token.key` (64 hex digits of the seed), or makes it with mode 0400.
    ///
    /// # Errors
    /// When the file cannot be read or made, holds something else, or others may read it.
    pub fn load_or_make(dir: &Path) -> anyhow::Result<Self> {
        let folder = dir.join("keys");
        let path = folder.join("token.key");
        make_if_missing(&folder, &path).with_context(|| format!("cannot make {}", path.display()))?;
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path)?.permissions());
        anyhow::ensure!(
            mode.trailing_zeros() >= 6,
            "{} may be read by others; chmod 0400 it",
            path.display()
        );
        let seed: [u8; 32] = hex::decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .with_context(|| format!("{} does not hold 64 hex digits", path.display()))?;
        Ok(Self::from_seed(&seed))
    }

    /// Keys from a seed, as tests make them.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let public = SigningKey::from_bytes(seed).verifying_key();
        let x = URL_SAFE_NO_PAD.encode(public.as_bytes());
        // RFC 7638: the required members in lexical order.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Self {
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            encoding: EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), seed].concat()),
            decoding: DecodingKey::from_ed_der(public.as_bytes()),
        }
    }

    /// Issues a token at `now` (machine time).
    ///
    /// # Errors
    /// When the key cannot sign, which is a fault.
    pub fn issue(
        &self,
        kind: Kind,
        account: AccountId,
        organisation: OrganisationId,
        session: Uuid,
        epoch: i32,
        now: DateTime<Utc>,
    ) -> anyhow::Result<String> {
        let at = now.timestamp();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: kind.audience().into(),
            sub: account,
            sid: session,
            org: organisation,
            epoch,
            iat: at,
            nbf: at,
            exp: at + kind.seconds(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.word().into());
        header.kid = Some(self.kid.clone());
        Ok(encode(&header, &claims, &self.encoding)?)
    }

    /// The claims of a good token of this kind; nothing for any other, whatever is wrong with it.
    pub fn verify(&self, kind: Kind, token: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        let typ = Some(kind.word().into());
        let plain = Header { typ, kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        // Equality refuses every further member: jku, jwk, x5u, x5c, crit, zip and unknown ones.
        if header != plain {
            return None;
        }
        let claims = decode::<Claims>(token, &self.decoding, &validation(kind)).ok()?.claims;
        (claims.exp - claims.iat == kind.seconds() && claims.nbf == claims.iat).then_some(claims)
    }
}

fn validation(kind: Kind) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[kind.audience()]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation
}

fn make_if_missing(folder: &Path, path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(path) {
        Ok(mut file) => {
            let mut seed = [0; 32];
            rand::rng().fill_bytes(&mut seed);
            file.write_all(hex::encode(seed).as_bytes())?;
            file.sync_all()
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::machine_now;
    use serde_json::{Value, json};

    fn keys() -> TokenKeys {
        TokenKeys::from_seed(&[7; 32])
    }

    fn good() -> (Value, Value) {
        let now = machine_now().timestamp();
        let header = json!({"typ": Kind::Access.word(), "alg": "EdDSA", "kid": keys().kid});
        let claims = json!({"iss": ISSUER, "aud": Kind::Access.audience(), "sub": Uuid::nil(), "sid": Uuid::nil(),
            "org": Uuid::nil(), "epoch": 1, "iat": now, "nbf": now, "exp": now + ACCESS_SECONDS});
        (header, claims)
    }

    /// Signs any header and claims with the right key, so that only what a test changes can be wrong.
    fn sign(header: &Value, claims: &Value) -> String {
        use ed25519_dalek::Signer;
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = SigningKey::from_bytes(&[7; 32]).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    #[test]
    fn a_good_token_is_good() {
        let (header, claims) = good();
        assert!(keys().verify(Kind::Access, &sign(&header, &claims)).is_some());
        let account = AccountId(Uuid::from_u128(5));
        let issue = |kind| {
            let organisation = OrganisationId(Uuid::from_u128(6));
            keys().issue(kind, account, organisation, Uuid::nil(), 3, machine_now()).unwrap()
        };
        let token = issue(Kind::Access);
        let found = keys().verify(Kind::Access, &token).unwrap();
        assert_eq!((found.sub, found.epoch), (account, 3));
        assert!(TokenKeys::from_seed(&[8; 32]).verify(Kind::Access, &token).is_none());
        let session = issue(Kind::Session);
        assert!(keys().verify(Kind::Session, &session).is_some());
        assert!(
            keys().verify(Kind::Access, &session).is_none() && keys().verify(Kind::Session, &token).is_none()
        );
    }

    #[test]
    fn bad_headers_are_refused() {
        let changes = [
            json!({"alg": "none"}),
            json!({"alg": "HS256"}),
            json!({"typ": "JWT"}),
            json!({"typ": null}),
            json!({"kid": "other"}),
            json!({"kid": null}),
            json!({"jku": "https://example.org/keys"}),
            json!({"x5u": "https://example.org/cert"}),
            json!({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}),
            json!({"crit": ["exp"]}),
            json!({"zip": "DEF"}),
            json!({"surprise": 1}),
        ];
        for change in changes {
            let (mut header, claims) = good();
            for (name, value) in change.as_object().unwrap() {
                header[name] = value.clone();
                if value.is_null() {
                    header.as_object_mut().unwrap().remove(name);
                }
            }
            assert!(keys().verify(Kind::Access, &sign(&header, &claims)).is_none(), "{change}");
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let (mut header, claims) = good();
        header["alg"] = json!("none");
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        assert!(keys().verify(Kind::Access, &format!("{}.{}.", part(&header), part(&claims))).is_none());
        let token = sign(&good().0, &claims);
        let unsigned = token.rsplit_once('.').unwrap().0;
        assert!(keys().verify(Kind::Access, &format!("{unsigned}.")).is_none());
        assert!(keys().verify(Kind::Access, "").is_none());
    }

    #[test]
    fn bad_claims_are_refused() {
        let now = machine_now().timestamp();
        let expired = now - ACCESS_SECONDS - 10;
        let changes = [
            json!({"aud": "other-api"}),
            json!({"iss": "other"}),
            json!({"iat": expired, "nbf": expired, "exp": now - 10}),
            json!({"iat": now + 60, "nbf": now + 60, "exp": now + 660}),
            json!({"exp": now + 86_400}),
            json!({"nbf": now - 60}),
            json!({"roles": ["admin"]}),
        ];
        for change in changes {
            let (header, mut claims) = good();
            for (name, value) in change.as_object().unwrap() {
                claims[name] = value.clone();
            }
            assert!(keys().verify(Kind::Access, &sign(&header, &claims)).is_none(), "{change}");
        }
        for name in ["iss", "aud", "sub", "sid", "org", "epoch", "iat", "nbf", "exp"] {
            let (header, mut claims) = good();
            claims.as_object_mut().unwrap().remove(name);
            assert!(keys().verify(Kind::Access, &sign(&header, &claims)).is_none(), "without {name}");
        }
    }

    #[test]
    fn the_key_file_is_made_once_and_for_its_owner_only() {
        let dir = std::env::temp_dir().join(format!("tenderhall-token-{}", Uuid::new_v4()));
        let made = TokenKeys::load_or_make(&dir).unwrap();
        assert_eq!(made.kid, TokenKeys::load_or_make(&dir).unwrap().kid);
        let path = dir.join("keys/token.key");
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o400);
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
        assert!(TokenKeys::load_or_make(&dir).is_err());
        fs::remove_dir_all(&dir).unwrap();
    }
}
