/**
 * Which frame of a stack a maintainer would look at: the first that only reports, locks, copies or allocates for
 * somebody else is not it. The table is data; a name ends up here when it stood at the top of a stack without blame.
 */
import type { Frame } from '../core/events.ts';
import { plainName } from './frames.ts';

/** Each a pattern of a function's whole name. */
const INNOCENT = {
  reporting: [
    '_?dump_stack(_lvl|_print_info)?',
    '__dump_stack',
    'show_(stack|regs|trace)\\w*',
    'dump_backtrace',
    'print_(report|address_description|memory_metadata|circular_bug|deadlock_bug|usage_bug|irq_inversion_bug|bad_irq_dependency|unlock_imbalance_bug|lock_\\w+)',
    '_?_?(kasan|kmsan|kfence|kcsan|kmemleak)_\\w+',
    '__(asan|msan|tsan|hwasan|ubsan)_\\w+',
    'ubsan_\\w+',
    'check_region_inline',
    'kasan_check_range',
    '__warn(_\\w+)?',
    'warn_slowpath_\\w+',
    '__WARN_trap',
    'report_bug\\w*',
    '__report_bug',
    'v?panic',
    'nmi_panic',
    'oops_(begin|end)',
    'check_panic_on_warn',
    '_*die(_body|_addr|_kernel_fault)?',
    'page_fault_oops',
    'bug_brk_handler|call_el1_break_hook|brk_handler|do_debug_exception|do_el1_brk64|el1_brk64|el1_abort|el1_dbg|el1_undef|do_el1_undef',
    'do_mem_abort|do_page_fault|do_translation_fault|do_bad_area|__do_kernel_fault|die_kernel_fault|do_sea',
    'el1h_64_\\w+|el1t_64_\\w+',
    'asm_exc_\\w+|exc_\\w+|handle_bug|handle_page_fault|do_error_trap|do_kern_addr_fault|bad_area\\w*|__bad_area\\w*',
    'stack_trace_\\w+|save_stack\\w*|__kasan_\\w+',
    'nmi_cpu_backtrace\\w*|nmi_trigger_\\w+|trigger_\\w*backtrace\\w*|dump_cpu_task|arch_trigger_\\w+',
    'fortify_panic|__fortify_(report|panic)|usercopy_abort|__stack_chk_fail',
    'bad_page|print_bad_p\\w+|__print_bad_p\\w+|dump_page|check_(new|free)_page\\w*|free_page_is_bad\\w*|page_table_check_\\w+|__page_table_check_\\w+',
    'object_err|slab_(err|bug|fix|pad_check)|__slab_(err|bug)|check_(object|bytes_and_report|slab|pad_bytes)|free_to_partial_list|(alloc|free)_(debug|consistency)\\w*',
    'dump_header|oom_kill_process|out_of_memory',
    'panic_bad_stack|handle_bad_stack|__bad_stack|arm64_serror_panic|do_serror',
  ],
  lists: [
    '__list_(add|del)\\w*',
    'list_(add|del|move|splice)\\w*',
    'hlist_\\w+',
    'rb_(erase|insert|next|first|last)\\w*|__rb_\\w+',
    'xas?_\\w+',
    'mas_\\w+|mtree_\\w+|mt_\\w+',
  ],
  counting: [
    '_?_?refcount_\\w+',
    'kref_\\w+',
    'kobject_(get|put)',
    '(raw_|arch_)?atomic(64|_long)?_\\w+',
    'percpu_ref_\\w+',
  ],
  locking: [
    '_?_?(rt_|ww_)?mutex_\\w+|rwsem_\\w+|percpu_(down|up)_\\w+|_?_?(down|up)(_(read|write|killable|interruptible|timeout|trylock|nested|common))*',
    '(do|_|__)?_?raw_(spin|read|write)_\\w+|_?_?(spin|read|write)_(un|try)?lock\\w*|do_raw_\\w+',
    '(native_)?queued_\\w+|__pv_queued\\w+|osq_\\w+|mcs_\\w+',
    'lock_(acquire|release|acquired|contended|downgrade)\\w*|__lock_(acquire|release)\\w*',
    'validate_chain|check_(prev_add|prevs_add|deadlock|noncircular|irq_usage|wait_context|no_lock\\w*)|mark_(lock|usage|held_locks)\\w*|lockdep_\\w+|debug_check_no_\\w+',
    'debug_locks_\\w+|rcu_(read_)?(un)?lock\\w*|debug_lockdep_rcu_\\w+|lock_is_held_type',
    '__?(might_resched|might_sleep|might_fault|might_alloc|cant_sleep|cant_migrate)\\w*|___might_sleep',
  ],
  scheduling: [
    '__?schedule(_bug|_loop)?|schedule(_timeout|_preempt_disabled|_hrtimeout|_idle|_user|_timeout_\\w+|_hrtimeout_\\w+)?|io_schedule\\w*|preempt_schedule\\w*|dynamic_(cond_resched|might_resched)|__cond_resched|_cond_resched',
    'context_switch|__switch_to\\w*|finish_task_switch\\w*',
    'wait_for_(common|completion)\\w*|__wait_for_common|do_wait_for_common|wait_on_bit\\w*|__wait_on_bit\\w*|out_of_line_wait_\\w+|bit_wait\\w*|wait_woken|__wait_rcu_gp|synchronize_rcu\\w*|synchronize_srcu\\w*',
    'smp_call_function_\\w+|csd_lock_wait\\w*|on_each_cpu\\w*',
    '(default_|arch_)?(cpu_)?idle\\w*|native_safe_halt|pv_native_safe_halt|acpi_\\w*idle\\w*|cpu_do_idle|do_idle|cpu_startup_entry',
    '__?u?delay|__const_udelay|delay_(tsc|loop)\\w*',
    'watchdog_timer_fn|__?hrtimer_\\w+|tick_\\w+|update_process_times|rcu_sched_clock_irq|sysvec_\\w+|asm_sysvec_\\w+|__sysvec_\\w+',
  ],
  memory: [
    'k(v|z|c|m|re)?(free|alloc|zalloc|memdup|strdup)\\w*|_?_?k(v|m)alloc\\w*|kmem_cache_\\w+|__kmem_cache_\\w+|kmalloc_\\w+',
    'slab_(alloc|free|post_alloc|pre_alloc)\\w*|___?slab_alloc|__slab_(alloc|free)\\w*|do_slab_free|memcg_slab_\\w+|alloc_from_\\w+|qlist_free_all|cache_(from_obj|free)\\w*',
    '_*(alloc|free)_(frozen_)?pages?\\w*|(vma_|filemap_)?(folio_alloc|alloc_folio)\\w*|__?get_free_pages?\\w*|get_page_from_freelist|prep_new_page|rmqueue\\w*|free_(unref|frozen|pcp|the)_\\w+|free_large_kmalloc|__free_frozen_pages|__folio_put|folio_put|put_page',
    'v(m|z)alloc\\w*|__vmalloc\\w*|vfree\\w*|kvfree\\w*|devm_k\\w+|__do_kmalloc\\w*',
  ],
  copying: [
    '_?_?mem(cpy|set|move|cmp|chr|scan)\\w*|__pi_\\w+|rep_(movs|stos)\\w*',
    '_?_?(raw_)?copy_(from|to|in|mc|user|page)_?\\w*|_?_?(get|put)_user\\w*|__check_object_size|check_heap_object|__check_heap_object|check_\\w+_object|clear_user\\w*|_?_?arch_(copy|clear)_\\w+|strn?cpy_from_user|strnlen_user|_copy_\\w*iter|copy_page_(from|to)_iter\\w*|iov_iter_\\w+',
    'v?s(n|c|cn)?printf|vsnprintf|pointer|string|symbol_string|kasprintf|kvasprintf\\w*',
    '_?_?str(n|l|s)?(cpy|cat|cmp|casecmp|chr|rchr|len|nlen|str|pbrk|spn|sep)\\w*|strscpy\\w*|sized_strscpy\\w*',
    '_?_?(test|set|clear|change)_(and_)?\\w*bit\\w*|find_(next|first|last)_\\w*bit\\w*|bitmap_\\w+|__bitmap_\\w+',
    'instrument_\\w+',
  ],
  entering: [
    'entry_SYSCALL\\w*|do_syscall_(64|x64)|x64_sys_call|__do_(fast_)?syscall\\w*|syscall_\\w+|ret_from_fork\\w*|kthread|worker_thread|process_(one_work|scheduled_works)',
    'el0_\\w+|el0t_64_\\w+|do_el0_\\w+|invoke_syscall|el0_svc_common\\w*',
    'asm_common_interrupt|common_interrupt|irq_exit_rcu|__irq_exit_rcu|handle_softirqs|__?do_softirq|irqentry_\\w+|call_on_irq_stack|do_softirq_own_stack',
    'get_signal|arch_do_signal_or_restart|do_signal|do_notify_resume|exit_to_user_mode\\w*',
    'make_task_dead|do_exit|do_group_exit|rewind_stack_and_make_dead',
  ],
} as const;

const namesOf = (groups: readonly (readonly string[])[]): RegExp => new RegExp(`^(?:${groups.flat().join('|')})$`);
const { scheduling, ...OTHERS } = INNOCENT;
const NAMES = namesOf(Object.values(OTHERS));
/** Where a task waits is no news where it is waiting that is complained about; where a WARN stands in there, it is. */
const WAITING: readonly string[] = ['hung-task', 'lockup', 'rcu-stall', 'atomic-sleep', 'lockdep'];
const WAITING_NAMES = namesOf([...Object.values(OTHERS), scheduling]);
/** Never to blame, whatever else is on the stack: they only say it, or are on every stack. */
const NEVER = namesOf([INNOCENT.reporting, INNOCENT.entering]);

/** @param kind the fault's class */
export function isInnocent(symbol: string, kind: string): boolean {
  const names = WAITING.includes(kind) ? WAITING_NAMES : NAMES;
  const name = plainName(symbol);
  return names.test(name) || undoubled(name).some((each) => names.test(each));
}

/** A serial line may print a character twice: the name without one of each pair. */
const undoubled = (name: string): string[] =>
  [...name.matchAll(/(.)\1/g)].map(({ index }) => name.slice(0, index) + name.slice(index + 1));

/** Index of the guilty frame; where all look innocent, of the first that may be to blame; -1 where there is none. */
export function guiltyIndex(frames: readonly Frame[], kind: string): number {
  // A return address at the very beginning of a function lies behind a call that never returns: not its frame.
  const index = frames.findIndex((frame, n) => (n === 0 || frame.offset !== 0) && !isInnocent(frame.function, kind));
  return index < 0 ? frames.findIndex((frame) => !NEVER.test(plainName(frame.function))) : index;
}
