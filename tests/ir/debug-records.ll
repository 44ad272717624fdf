; RUN: vecgnn vectorize %s --packer greedy -q -o - | filecheck %s

; A record of a value that lives on in a lane only says poison; the rest stays.

; CHECK-LABEL: @f(
; CHECK: #dbg_value(float %k,
; CHECK: #dbg_value(float poison,
; CHECK: store <2 x float>

target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

define void @f(ptr noalias %out, ptr %a, float %k) #0 !dbg !3 {
    #dbg_value(float %k, !8, !DIExpression(), !9)
  %a1 = getelementptr i8, ptr %a, i64 4
  %x0 = load float, ptr %a, align 4, !dbg !9
  %x1 = load float, ptr %a1, align 4, !dbg !9
    #dbg_value(float %x1, !8, !DIExpression(), !9)
  %r0 = fmul float %x0, %k, !dbg !9
  %r1 = fmul float %x1, %k, !dbg !9
  %o1 = getelementptr i8, ptr %out, i64 4
  store float %r0, ptr %out, align 4, !dbg !9
  store float %r1, ptr %o1, align 4, !dbg !9
  ret void, !dbg !9
}

attributes #0 = { "target-cpu"="x86-64-v3" }

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1)
!1 = !DIFile(filename: "f.c", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "f", file: !1, unit: !0, type: !4)
!4 = !DISubroutineType(types: !5)
!5 = !{null}
!8 = !DILocalVariable(name: "k", scope: !3, file: !1)
!9 = !DILocation(line: 1, scope: !3)
