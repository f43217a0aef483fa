//! Programs that do not end as they should: `run=failing` boots the first.

mod failing {
    #[girder::main]
    async fn main() -> Result<(), &'static str> {
        Err("as it should")
    }
}

mod panicking {
    #[girder::main]
    async fn main() {
        panic!("as it should")
    }
}

mod exiting {
    /// Without an await, for a main need not have one.
    #[girder::main]
    fn main() {
        girder::exit("as it should")
    }
}
