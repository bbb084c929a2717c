//! The static files of the pages, compiled in, under addresses that change with their content.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::http::{matches_etag, secured};

/// One compiled-in file.
#[derive(Debug)]
pub struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    digest: [u8; 32],
    /// First 16 hex digits of the content's SHA-256: address and ETag.
    hash: String,
}

impl Asset {
    fn new(name: &'static str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes).into();
        let hash = hex::encode(digest).chars().take(16).collect();
        Self { name, media_type, bytes, digest, hash }
    }

    /// Its file name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// SHA-256 of the content in hex, as `sha256sum` prints it.
    pub fn digest(&self) -> String {
        hex::encode(self.digest)
    }

    /// The same as a page states it (Subresource Integrity): a browser runs no other content.
    pub fn integrity(&self) -> String {
        format!("sha256-{}", STANDARD.encode(self.digest))
    }

    /// The address that holds this content for ever.
    pub fn href(&self) -> String {
        format!("/static/{}/{}", self.hash, self.name)
    }
}

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("tenderhall.css", "text/css; charset=utf-8", include_bytes!("../../static/tenderhall.css"))
});

/// The script: countdown and unit switch.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "tenderhall.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../static/tenderhall.js"),
    )
});

/// The style sheet of the boards, which only they ask for.
pub static BOARD_STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("board.css", "text/css; charset=utf-8", include_bytes!("../../static/board.css"))
});

/// The script of the boards: keeps them fresh, and moves slots.
pub static BOARD_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("board.js", "text/javascript; charset=utf-8", include_bytes!("../../static/board.js"))
});

/// The style sheet of the page that seals bids.
pub static BID_STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("bid.css", "text/css; charset=utf-8", include_bytes!("../../static/bid.css"))
});

/// npm's age-encryption in one file, made by `scripts/vendor-age`.
pub static AGE_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("age.js", "text/javascript; charset=utf-8", include_bytes!("../../static/age.js"))
});

/// The formats of a sealed bid in plain JavaScript.
pub static SEAL_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("seal.js", "text/javascript; charset=utf-8", include_bytes!("../../static/seal.js"))
});

/// The page that seals bids.
pub static BID_SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("bid.js", "text/javascript; charset=utf-8", include_bytes!("../../static/bid.js"))
});

/// The hall's mark.
pub static MARK: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("mark.svg", "image/svg+xml", include_bytes!("../../static/mark.svg")));

/// Answers `GET /static/{hash}/{name}`.
///
/// With this edition's hash the answer may be kept for ever. With another edition's (two instances during an
/// upgrade) the present content is given and must be asked for again.
pub(super) async fn serve(
    request: HttpRequest,
    path: actix_web::web::Path<(String, String)>,
) -> HttpResponse {
    let (hash, name) = path.into_inner();
    let boards = [&*BOARD_STYLE, &*BOARD_SCRIPT];
    let bids = [&*BID_STYLE, &*AGE_SCRIPT, &*SEAL_SCRIPT, &*BID_SCRIPT];
    let mut all = [&*STYLE, &*SCRIPT, &*MARK].into_iter().chain(boards).chain(bids);
    let Some(asset) = all.find(|asset| asset.name == name) else {
        return secured(&mut HttpResponse::NotFound()).finish();
    };
    let keep = if hash == asset.hash { "public, max-age=31536000, immutable" } else { "no-cache" };
    let etag = format!("\"{}\"", asset.hash);
    let mut answer =
        if matches_etag(&request, &etag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    secured(&mut answer).insert_header((CACHE_CONTROL, keep)).insert_header((ETAG, etag));
    if matches_etag(&request, &format!("\"{}\"", asset.hash)) {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, asset.media_type)).body(asset.bytes)
}
