//! Passwords and secrets.
