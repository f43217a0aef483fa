//! The examples of the tree, as programs of the stock image: `run=hello` boots one.
//!
//! Each is a crate of its own with its own first lines, which say nothing here.
#![allow(unused_attributes)]

#[path = "../../../kernel/examples/crash.rs"]
mod crash;
#[path = "../../../kernel/examples/echo.rs"]
mod echo;
#[path = "../../../kernel/examples/hello.rs"]
mod hello;
#[path = "../../../kernel/examples/house.rs"]
mod house;
#[path = "../../../kernel/examples/parallel_sum.rs"]
mod parallel_sum;
#[path = "../../../kernel/examples/ping_pong.rs"]
mod ping_pong;
#[path = "../../../kernel/examples/prime_sieve.rs"]
mod prime_sieve;
#[path = "../../../kernel/examples/proc_a.rs"]
mod proc_a;
#[path = "../../../kernel/examples/proc_b.rs"]
mod proc_b;
#[path = "../../../kernel/examples/ring.rs"]
mod ring;
#[path = "../../../kernel/examples/timers.rs"]
mod timers;
