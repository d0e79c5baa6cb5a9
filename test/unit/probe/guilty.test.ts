import { describe, expect, it } from 'vitest';
import { framesOf, plainName, symbolIn } from '../../../harness/probe/frames.ts';
import { guiltyIndex, isInnocent } from '../../../harness/probe/guilty.ts';

describe('isInnocent', () => {
  it.each(
    'dump_stack_lvl print_report kasan_report __asan_report_load8_noabort kfree kmem_cache_free __kmalloc_cache_noprof memcpy __pi_memcpy_generic _copy_from_user strnlen vsnprintf refcount_warn_saturate __list_del_entry_valid_or_report _raw_spin_lock_irqsave mutex_lock_nested down_read rwsem_down_write_slowpath __schedule wait_for_completion entry_SYSCALL_64_after_hwframe el0t_64_sync ret_from_fork vpanic __might_resched lock_acquire __lock_acquire.isra.0 free_frozen_page_commit page_table_check_set.part.0 ___freee_pages'.split(
      ' ',
    ),
  )('%s', (name) => {
    expect(isInnocent(name, 'hung-task')).toBe(true);
  });

  it.each(
    'do_mmap mmap_region remove_vma vma_merge_existing_range mmap_action_prepare tcmu_vma_close update_mmu_cache down_stream unmap_vmas free_pgtables mv_mapped sysrq_handle_crash string_helpers_x copy_process memory_failure lockless_walk schedule_me filemap_fault zap_pte_range'.split(
      ' ',
    ),
  )('not %s', (name) => {
    expect(isInnocent(name, 'hung-task')).toBe(false);
  });
});

it('lets a WARN stand in the scheduler', () => {
  expect(isInnocent('__switch_to', 'warning')).toBe(false);
});

const frames = (...names: string[]) =>
  names.map((name) => symbolIn(`${name}+0x1/0x2`)).filter((frame) => frame !== null);

describe('guiltyIndex', () => {
  it('skips whoever only works for somebody else', () => {
    expect(guiltyIndex(frames('dump_stack', 'kfree', 'mv_free', 'remove_vma'), 'kasan')).toBe(2);
  });
  it('takes the first that may be to blame where all look innocent', () => {
    expect(guiltyIndex(frames('dump_stack', 'kfree', 'kmem_cache_free'), 'kasan')).toBe(1);
    expect(guiltyIndex(frames('vpanic', 'do_exit', 'do_syscall_64'), 'panic')).toBe(-1);
    expect(guiltyIndex([], 'oops')).toBe(-1);
  });
});

describe('framesOf', () => {
  it('puts the instruction pointer of x86 first, and leaves guesses out', () => {
    const lines = [
      'RIP: 0010:bad+0x10/0x20 [mod]',
      'Call Trace:',
      ' <TASK>',
      ' ? guess+0x1/0x2',
      ' caller+0x3/0x4 [mod 0123456789abcdef]',
      ' </TASK>',
      ' other+0x1/0x2',
    ];
    expect(framesOf(lines, 'trace').map(({ function: name, offset, module }) => [name, offset, module])).toEqual([
      ['bad', 16, 'mod'],
      ['caller', 3, 'mod'],
    ]);
  });

  it('keeps guesses where there is nothing else', () => {
    expect(framesOf(['Call Trace:', ' ? guess+0x1/0x2'], 'trace').map((frame) => frame.function)).toEqual(['guess']);
  });

  it('does not repeat the pc of arm64', () => {
    const lines = ['pc : bad+0x10/0x20', 'lr : up+0x1/0x2', 'Call trace:', ' bad+0x10/0x20 (P)', ' up+0x1/0x2'];
    expect(framesOf(lines, 'trace').map((frame) => frame.function)).toEqual(['bad', 'up']);
  });
});

describe('plainName', () => {
  it.each([
    ['vma_merge.isra.0', 'vma_merge'],
    ['f.part.0.constprop.3', 'f'],
    ['f.cold', 'f'],
    ['f.llvm.1234', 'f'],
    ['plain', 'plain'],
  ])('%s is %s', (symbol, name) => {
    expect(plainName(symbol)).toBe(name);
  });
});
