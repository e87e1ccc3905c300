//! Functions of a thread's JavaScript that any thread may call: the call waits for nothing, and keeps no process alive.

use napi::bindgen_prelude::{Function, JsValuesTupleIntoVec};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;

/// What calls `function` in its own thread, some time later.
pub fn later<T: JsValuesTupleIntoVec + Send + 'static>(
    function: &Function<'_, T, ()>,
) -> napi::Result<impl Fn(T) + Send + Sync + use<T>> {
    let function = function
        .build_threadsafe_function::<T>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()?;
    Ok(move |value| {
        function.call(value, ThreadsafeFunctionCallMode::NonBlocking);
    })
}
