//! The key that opens what the rules make public.

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::local::{OpenFolder, StartError};

/// The key of the data folder, made on first use; a new one when nothing is kept.
pub(crate) fn api_key(folder: Option<&OpenFolder>) -> Result<String, StartError> {
    let mut random = [0_u8; 18];
    rand::fill(&mut random)
        .map_err(|_| StartError::part("the API key", "the system gave no random numbers"))?;
    let fresh = format!("local-{}", URL_SAFE_NO_PAD.encode(random));
    match folder {
        Some(folder) => folder.kept_text("api-key", || fresh),
        None => Ok(fresh),
    }
}
