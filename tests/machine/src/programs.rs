//! Programs that do not do as they should: `run=failing` boots the first.

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

mod hoarding {
    use crate::support::Hoard;

    /// Takes all memory, and keeps it; and then there has to be another shell.
    #[girder::main]
    async fn main() {
        let all = Hoard::take();
        girder::println!("hoarding {} bytes", all.bytes());
        girder::whereis("shell").map(girder::kill);
        core::future::pending::<()>().await;
    }
}

mod leaking {
    use crate::slots::use_up_all;
    use crate::support::NORMAL_HERE;

    /// Takes all slots, and keeps them; and then there has to be another shell.
    #[girder::main]
    async fn main() {
        let all = use_up_all(NORMAL_HERE).await;
        girder::println!("leaking in {all} lives");
        girder::whereis("shell").map(girder::kill);
        core::future::pending::<()>().await;
    }
}
