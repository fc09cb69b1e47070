// SPDX-License-Identifier: Apache-2.0
//! The C API of the engine in one archive, and the few things that it does not offer to C.
//! `reference-shim/stage/wasmtime_extras.h` declares them and says what they mean.
#![allow(non_camel_case_types)]

pub use wasmtime_c_api::*;

#[cfg(feature = "wasi")]
mod wasi_extras {
    use wasmtime_c_api::wasi_config_t;
    use wasmtime_wasi::WasiCtxBuilder;

    /// # Safety
    /// `config` comes from `wasi_config_new` and was not given away yet.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn shimgauge_wasi_config_block_in_place(config: *mut wasi_config_t) {
        // `wasi_config_t` is repr(C) with the builder as its only field; versions are pinned.
        const {
            assert!(size_of::<wasi_config_t>() == size_of::<WasiCtxBuilder>());
        }
        let builder = unsafe { &mut *config.cast::<WasiCtxBuilder>() };
        builder.allow_blocking_current_thread(true);
    }
}

#[cfg(feature = "wasi")]
mod store_extras {
    use std::cell::UnsafeCell;
    use wasmtime_c_api::wasmtime::{ResourceLimiter, Result, Store};
    use wasmtime_c_api::{WasmtimeStoreData, wasmtime_store_t};

    /// What one entry of a table takes.
    const TABLE_ENTRY_BYTES: usize = size_of::<usize>();

    /// All memories and tables of a store together.
    struct MemoryBudget {
        left: usize,
    }

    impl MemoryBudget {
        fn take(&mut self, bytes: usize) -> bool {
            match self.left.checked_sub(bytes) {
                Some(left) => {
                    self.left = left;
                    true
                }
                None => false,
            }
        }
    }

    impl ResourceLimiter for MemoryBudget {
        fn memory_growing(
            &mut self,
            current: usize,
            desired: usize,
            maximum: Option<usize>,
        ) -> Result<bool> {
            // What fails anyway must not be paid for.
            if maximum.is_some_and(|maximum| desired > maximum) {
                return Ok(false);
            }
            Ok(self.take(desired.saturating_sub(current)))
        }

        fn table_growing(
            &mut self,
            current: usize,
            desired: usize,
            maximum: Option<usize>,
        ) -> Result<bool> {
            if maximum.is_some_and(|maximum| desired > maximum) {
                return Ok(false);
            }
            Ok(self.take(desired.saturating_sub(current).saturating_mul(TABLE_ENTRY_BYTES)))
        }
    }

    /// A store looks for its limiter in its data, which has no room for one of ours: the function
    /// that finds it owns it.
    struct OwnedBudget(UnsafeCell<MemoryBudget>);

    // Reached through the store alone, which is borrowed mutably while its limiter is asked.
    unsafe impl Send for OwnedBudget {}
    unsafe impl Sync for OwnedBudget {}

    impl OwnedBudget {
        /// # Safety
        /// Not while an earlier one is in use.
        #[allow(clippy::mut_from_ref)]
        unsafe fn get<'a>(&self) -> &'a mut MemoryBudget {
            unsafe { &mut *self.0.get() }
        }
    }

    /// # Safety
    /// `store` comes from `wasmtime_store_new` and has no instance yet.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn shimgauge_store_limit_memory(store: *mut wasmtime_store_t, bytes: u64) {
        // `wasmtime_store_t` is repr(C) with the store as its only field.
        const {
            assert!(size_of::<wasmtime_store_t>() == size_of::<Store<WasmtimeStoreData>>());
        }
        let store = unsafe { &mut *store.cast::<Store<WasmtimeStoreData>>() };
        let budget = OwnedBudget(UnsafeCell::new(MemoryBudget {
            left: usize::try_from(bytes).unwrap_or(usize::MAX),
        }));
        store.limiter(move |_| unsafe { budget.get() });
    }
}

#[cfg(feature = "component")]
mod component_extras {
    use wasmtime_c_api::wasmtime::Result;
    use wasmtime_c_api::wasmtime::component::{Component, Instance, InstancePre, Linker};
    use wasmtime_c_api::{
        WasmtimeStoreContextMut, WasmtimeStoreData, wasmtime_component_linker_t,
        wasmtime_component_t, wasmtime_error_t,
    };

    /// A component with its imports resolved and checked, nothing of it run.
    pub struct shimgauge_component_pre_t {
        pre: InstancePre<WasmtimeStoreData>,
    }

    fn give<T>(result: Result<T>, ok: impl FnOnce(T)) -> Option<Box<wasmtime_error_t>> {
        match result {
            Ok(value) => {
                ok(value);
                None
            }
            Err(error) => Some(Box::new(wasmtime_error_t::from(error))),
        }
    }

    /// # Safety
    /// The first two come from the C API, `out` is writable.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn shimgauge_component_pre_new(
        linker: *const wasmtime_component_linker_t,
        component: *const wasmtime_component_t,
        out: *mut *mut shimgauge_component_pre_t,
    ) -> Option<Box<wasmtime_error_t>> {
        // Both types are repr(transparent).
        let linker = unsafe { &*linker.cast::<Linker<WasmtimeStoreData>>() };
        let component = unsafe { &*component.cast::<Component>() };
        give(linker.instantiate_pre(component), |pre| unsafe {
            *out = Box::into_raw(Box::new(shimgauge_component_pre_t { pre }));
        })
    }

    /// # Safety
    /// `pre` is alive, `context` belongs to a store of the same engine, `out` is writable.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn shimgauge_component_pre_instantiate(
        pre: *const shimgauge_component_pre_t,
        context: WasmtimeStoreContextMut<'_>,
        out: *mut Instance,
    ) -> Option<Box<wasmtime_error_t>> {
        give(unsafe { &*pre }.pre.instantiate(context), |instance| unsafe {
            *out = instance;
        })
    }

    /// # Safety
    /// `pre` is not used again.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn shimgauge_component_pre_delete(pre: *mut shimgauge_component_pre_t) {
        drop(unsafe { Box::from_raw(pre) });
    }
}
