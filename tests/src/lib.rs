//! What the end-to-end, template and boundary tests share: the built `portcullis` binary as a child process, and a client for each
//! of its doors.
#![deny(missing_docs)]

/// The code in README.md compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

mod answer;
mod browser;
mod chromium;
mod emulator;
mod installation;
mod launch;
mod place;
mod pool;
mod rest;
mod stack;
mod system;
mod template;
mod token;
mod tools;

pub use self::{
    answer::Answer,
    browser::{Browser, Page, form_encoded},
    chromium::Chromium,
    emulator::Emulator,
    installation::{
        client_sources, installed_client, npm_build, npm_client, npm_program, npm_scripts, python_client, run,
    },
    launch::{Launch, Refusal},
    place::{binary, build_folder, repository},
    pool::{Pool, Tokens},
    rest::Rest,
    stack::Stack,
    system::{CODE, LocalSystem},
    template::{Template, references},
    token::{claims, with_claim},
    tools::missing,
};

/// Why a step of a test could not be done. Its text is what the failing test shows.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The outcome of a step of a test.
pub type Result<T> = std::result::Result<T, Error>;
