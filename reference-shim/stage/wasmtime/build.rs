// SPDX-License-Identifier: Apache-2.0
// Copies the C headers that fit the chosen features to the folder named by
// SHIMGAUGE_WASMTIME_INCLUDE; without the variable nobody wants them.
use std::{env, fs, io, path::Path};

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn main() {
    println!("cargo:rerun-if-env-changed=SHIMGAUGE_WASMTIME_INCLUDE");
    let Some(to) = env::var_os("SHIMGAUGE_WASMTIME_INCLUDE") else {
        return;
    };
    let to = Path::new(&to);
    println!("cargo:rerun-if-changed={}", to.join("wasmtime.h").display());
    let from = env::var_os("DEP_WASMTIME_C_API_INCLUDE")
        .expect("wasmtime-c-api-impl did not say where its headers are");
    copy_tree(Path::new(&from), to)
        .unwrap_or_else(|error| panic!("copying headers to {}: {error}", to.display()));
}
