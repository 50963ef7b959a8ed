fn main() {
    #[cfg(feature = "ipsec-mb")]
    {
        cc::Build::new().file("src/libraries/ipsec_mb.c").opt_level(3).compile("fv_ipsec_mb");
        println!("cargo:rustc-link-lib=IPSec_MB");
        println!("cargo:rerun-if-changed=src/libraries/ipsec_mb.c");
    }
}
