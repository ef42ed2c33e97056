//! Unguessable texts, their digests, and password hashes. The one place of the pages that asks for randomness.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest as _, Sha256};

use crate::store::login::Digest;

/// Fewest characters of a password.
pub const LEAST_PASSWORD: usize = 12;
/// Most bytes of a password, so that hashing stays cheap.
const MOST_PASSWORD: usize = 1024;

/// Why no secret or hash can be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// Too short to withstand guessing.
    #[error("the password is too short: use at least {LEAST_PASSWORD} characters, for example four words")]
    Short,
    /// Longer than anybody types.
    #[error("the password is too long: use at most {MOST_PASSWORD} bytes")]
    Long,
    /// The name itself, once or repeated.
    #[error("the password is made of the name: choose another one")]
    Name,
    /// The system gave no randomness or the hash cannot be computed.
    #[error("the system cannot make a secret: try again, then check its random number source")]
    System,
}

fn random<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| SecretError::System)?;
    Ok(bytes)
}

/// 256 random bits as 43 characters that may stand in an address or a cookie.
pub fn token() -> Result<String, SecretError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// What is stored of a token: full-strength secrets need no slow hash.
#[must_use]
pub fn digest(token: &str) -> Digest {
    Sha256::digest(token).into()
}

/// Compares two secrets by their digests, so that the time taken says nothing about where they differ.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    digest(one) == digest(other)
}

/// Hash of a new password as a PHC string (argon2id). Takes some ten milliseconds and 19 MiB on purpose.
pub fn hash_password(name: &str, password: &str) -> Result<String, SecretError> {
    if password.chars().count() < LEAST_PASSWORD {
        return Err(SecretError::Short);
    }
    if password.len() > MOST_PASSWORD {
        return Err(SecretError::Long);
    }
    if !name.is_empty() && password.to_lowercase().replace(&name.to_lowercase(), "").is_empty() {
        return Err(SecretError::Name);
    }
    let salt = SaltString::encode_b64(&random::<16>()?).map_err(|_| SecretError::System)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt).map_err(|_| SecretError::System)?;
    Ok(hash.to_string())
}

/// Whether a password fits a PHC string.
#[must_use]
pub fn check_password(password: &str, hash: &str) -> bool {
    password.len() <= MOST_PASSWORD
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_256_bits_and_differ() {
        let (one, other) = (token().unwrap(), token().unwrap());
        assert_eq!(URL_SAFE_NO_PAD.decode(&one).unwrap().len(), 32);
        assert_ne!(one, other);
        assert!(same(&one, &one) && !same(&one, &other));
    }

    #[test]
    fn passwords_are_argon2id_and_long_enough() {
        for (password, refused) in [
            ("elevenchars", SecretError::Short),
            ("zwölf_zeich", SecretError::Short),
            ("Aliceandaliceand", SecretError::Name),
        ] {
            let name = if refused == SecretError::Name { "aliceand" } else { "alice" };
            assert_eq!(hash_password(name, password), Err(refused), "{password}");
        }
        assert_eq!(hash_password("alice", &"x".repeat(MOST_PASSWORD + 1)), Err(SecretError::Long));
        let hash = hash_password("alice", "correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(check_password("correct horse battery", &hash));
        assert!(!check_password("correct horse batterx", &hash));
        assert!(!check_password("correct horse battery", "no hash"));
    }
}
