//! The smallest application: one process that says hello and returns, which switches the machine off.
#![no_std]
#![no_main]

use girder::println;

#[girder::main]
async fn main() {
    println!("hello from process {}", girder::own_pid());
}
