//! Passphrases on key files, the way `age` does it: the whole file is an age file to one scrypt recipient.
//!
//! What `age -p` writes is read here and the other way round, armoured or not, so that nobody needs this program to get
//! at a key of its own. A passphrase comes from the terminal, without echo, or from a file; never from an argument or
//! the environment, which every process of the machine can list.

use std::io::{self, Read};
use std::iter;
use std::path::{Path, PathBuf};

use age::armor::ArmoredReader;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use anyhow::{Context, Result, bail, ensure};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::command::read_secret_bytes;

/// Shortest passphrase for a new key; what others protected is opened with whatever they chose.
const SHORTEST: usize = 8;
/// Longest line of a passphrase file, in bytes without its end.
const LONGEST: usize = 1024;
/// Highest scrypt work factor a file may ask of this machine: 4 GiB of memory, 16 times what `age -p` asks.
const MOST_WORK: u8 = 22;
/// How age files begin, bare and armoured.
const BEGINNINGS: [&[u8]; 2] = [b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----"];
/// The passphrase file that stands for the standard input.
const STDIN: &str = "-";

/// Whether a key file is one that a passphrase protects.
pub fn is_protected(file: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| file.starts_with(beginning))
}

/// The file that opens with `passphrase` and holds `text`, byte for byte as `age -p` lays it out.
///
/// # Errors
/// When the encryption fails, in practice never.
pub fn protect(text: &SecretString, passphrase: SecretString) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut sealed = Encryptor::with_user_passphrase(passphrase).wrap_output(&mut file)?;
    io::Write::write_all(&mut sealed, text.expose_secret().as_bytes())?;
    sealed.finish()?;
    Ok(file)
}

/// What a protected key file holds.
///
/// # Errors
/// For another passphrase, a file that is encrypted to keys, or one that asks for too much work.
pub fn unprotect(file: &[u8], passphrase: SecretString) -> Result<SecretString> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(file)).map_err(|error| told(&error))?;
    ensure!(
        decryptor.is_scrypt(),
        "密钥文件不是以口令保护的 / The key file is encrypted to a key, not protected by a passphrase"
    );
    let mut identity = scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MOST_WORK);
    let identity: &dyn age::Identity = &identity;
    let mut opened = decryptor.decrypt(iter::once(identity)).map_err(|error| told(&error))?;
    // What is opened is shorter than its file: the text is never moved, and leaves nothing behind that is not wiped.
    let mut text = String::with_capacity(file.len());
    opened.read_to_string(&mut text).context("密钥文件已损坏 / The key file is damaged")?;
    Ok(text.into())
}

/// The sentence for a file that does not open.
fn told(error: &DecryptError) -> anyhow::Error {
    match error {
        // age cannot tell a wrong passphrase from a header that was changed for it.
        DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => {
            anyhow::anyhow!("口令不对 / Wrong passphrase")
        }
        DecryptError::ExcessiveWork { required, .. } => anyhow::anyhow!(
            "密钥文件要求的运算量过大（2^{required}）/ The key file asks for too much work (2^{required})"
        ),
        _ => anyhow::anyhow!("密钥文件已损坏 / The key file is damaged"),
    }
}

/// Where the passphrase of a protected key file comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PassphraseArgs {
    /// 口令文件 / File whose first line is the passphrase of the key file, `-` for the standard input; without it the
    /// terminal is asked, once the key file turns out to be protected
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// What a key file holds that nobody but its owner can read; the passphrase is asked for only where it has one.
    ///
    /// # Errors
    /// When the file cannot be read, others can read it, or the passphrase is wrong or cannot be had.
    pub fn read(&self, path: &Path) -> Result<SecretString> {
        read_key_file(path, self.passphrase_file.as_deref())
    }
}

/// What a key file holds, its passphrase from `passphrase_file` or the terminal.
///
/// # Errors
/// As [`PassphraseArgs::read`].
pub fn read_key_file(path: &Path, passphrase_file: Option<&Path>) -> Result<SecretString> {
    key_text(path, read_secret_bytes(path)?, passphrase_file)
}

/// What the bytes of a key file say, behind their passphrase if they have one.
pub(super) fn key_text(path: &Path, bytes: Vec<u8>, passphrase_file: Option<&Path>) -> Result<SecretString> {
    if !is_protected(&bytes) {
        let text = String::from_utf8(bytes).map_err(|_| super::Flaw::Secret.because(path.display()))?;
        return Ok(text.into());
    }
    let passphrase = match passphrase_file {
        Some(from) => from_file(from)?,
        None => ask(&format!("{} 的口令 / Passphrase of {0}: ", path.display()))?,
    };
    unprotect(&bytes, passphrase).with_context(|| path.display().to_string())
}

/// A passphrase for a new key: from a file, or asked twice.
///
/// # Errors
/// When it is too short, the two do not agree, or it cannot be had.
pub fn choose(from: Option<&Path>) -> Result<SecretString> {
    let chosen = match from {
        Some(from) => from_file(from)?,
        None => ask("新密钥的口令 / Passphrase for the new key: ")?,
    };
    ensure!(
        chosen.expose_secret().chars().count() >= SHORTEST,
        "口令至少 {SHORTEST} 个字符 / A passphrase has at least {SHORTEST} characters"
    );
    if from.is_none() {
        let again = ask("再次输入 / Once more: ")?;
        ensure!(
            chosen.expose_secret() == again.expose_secret(),
            "两次口令不一致 / The two passphrases are not the same"
        );
    }
    Ok(chosen)
}

fn ask(prompt: &str) -> Result<SecretString> {
    let typed = rpassword::prompt_password(prompt).context(
        "没有可询问口令的终端，请用 --passphrase-file / No terminal to ask for the passphrase: use --passphrase-file",
    )?;
    Ok(typed.into())
}

/// The first line of a file that nobody else can read, or of the standard input.
fn from_file(path: &Path) -> Result<SecretString> {
    if path == Path::new(STDIN) {
        return first_line(&mut io::stdin().lock()).with_context(|| path.display().to_string());
    }
    let bytes = read_secret_bytes(path)?;
    let line = first_line(&mut bytes.as_slice()).with_context(|| path.display().to_string());
    // Held in a secret till here, so that it is wiped.
    drop(SecretSlice::from(bytes));
    line
}

/// The first line of what is read, and no more than it may be long: a longer one is refused, since a passphrase that was cut
/// would protect a key by what nobody knows.
fn first_line(from: &mut dyn Read) -> Result<SecretString> {
    // Room for the longest line and its end, so that nothing is moved.
    let most = LONGEST + "\r\n".len();
    let mut bytes = Vec::with_capacity(most + 1);
    from.take(u64::try_from(most)?).read_to_end(&mut bytes)?;
    let bytes = SecretSlice::from(bytes);
    let line = bytes.expose_secret().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    ensure!(!line.is_empty(), "口令文件没有内容 / The passphrase file holds nothing");
    ensure!(line.len() <= LONGEST, "口令至多 {LONGEST} 字节 / A passphrase has at most {LONGEST} bytes");
    match str::from_utf8(line) {
        Ok(line) => Ok(line.to_owned().into()),
        Err(_) => bail!("口令不是 UTF-8 / The passphrase is not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[test]
    fn what_is_protected_opens_with_its_passphrase_and_no_other() {
        let text = secret("# public key: age1x\nAGE-SECRET-KEY-1X\n");
        let file = protect(&text, secret("口令 with spaces")).unwrap();
        assert!(is_protected(&file) && !is_protected(text.expose_secret().as_bytes()));
        let again = unprotect(&file, secret("口令 with spaces")).unwrap();
        assert_eq!(again.expose_secret(), text.expose_secret());
        let wrong = unprotect(&file, secret("口令 with space")).unwrap_err();
        assert_eq!(wrong.to_string(), "口令不对 / Wrong passphrase");
        let damaged = unprotect(&file[..file.len() - 1], secret("口令 with spaces")).unwrap_err();
        assert!(damaged.to_string().contains("damaged"), "{damaged:?}");
    }

    #[test]
    fn a_passphrase_is_a_whole_first_line_or_refused() {
        let read = |text: &str| first_line(&mut text.as_bytes()).map(|line| line.expose_secret().to_owned());
        let (longest, over) = ("口".repeat(341) + "a", "口".repeat(341) + "ab");
        assert_eq!((longest.len(), over.len()), (LONGEST, LONGEST + 1));
        for end in ["", "\n", "\r\n", "\nanother line"] {
            assert_eq!(read(&format!("{longest}{end}")).unwrap(), longest);
            let refused = read(&format!("{over}{end}")).unwrap_err();
            assert!(refused.to_string().contains("at most 1024 bytes"), "{refused}");
        }
        // What stands below is not read into it, nor judged.
        assert_eq!(read(&format!("short\n{}", "口".repeat(1000))).unwrap(), "short");
        for nothing in ["", "\n", "\r\nsecond"] {
            assert!(read(nothing).unwrap_err().to_string().contains("holds nothing"));
        }
        assert!(first_line(&mut [0xff, b'\n'].as_slice()).unwrap_err().to_string().contains("UTF-8"));
        assert_eq!(read(&format!("{longest}\r")).unwrap(), longest);
    }

    #[test]
    fn a_longer_line_of_a_passphrase_file_is_refused_too() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::env::temp_dir().join(format!("passphrase-{}", uuid::Uuid::new_v4()));
        std::fs::write(&file, "a".repeat(LONGEST + 1)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        let refused = from_file(&file).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        assert!(format!("{refused:#}").contains("at most 1024 bytes"), "{refused:#}");
    }

    #[test]
    fn armour_is_read_and_a_file_to_a_key_is_told_apart() {
        let mut armoured = Vec::new();
        let mut writer =
            age::armor::ArmoredWriter::wrap_output(&mut armoured, age::armor::Format::AsciiArmor).unwrap();
        io::Write::write_all(&mut writer, &protect(&secret("text"), secret("a passphrase")).unwrap())
            .unwrap();
        writer.finish().unwrap();
        assert!(is_protected(&armoured));
        assert_eq!(unprotect(&armoured, secret("a passphrase")).unwrap().expose_secret(), "text");
        let key = age::x25519::Identity::generate().to_public();
        let to_key = age::encrypt(&key, b"text").unwrap();
        assert!(unprotect(&to_key, secret("a passphrase")).unwrap_err().to_string().contains("to a key"));
    }
}
