define ptx_kernel void @kernel(ptr byval([8 x i64]) align 8 %args) {
entry:
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %p0.a = getelementptr i64, ptr %args, i64 0
  %p0 = load ptr addrspace(1), ptr %p0.a
  %p1.a = getelementptr i64, ptr %args, i64 1
  %p1 = load ptr addrspace(1), ptr %p1.a
  %p2.a = getelementptr i64, ptr %args, i64 2
  %p2 = load ptr addrspace(1), ptr %p2.a
  %total.a = getelementptr i64, ptr %args, i64 3
  %total.w = load i64, ptr %total.a
  %total = trunc i64 %total.w to i32
  %turns.a = getelementptr i64, ptr %args, i64 4
  %turns.w = load i64, ptr %turns.a
  %turns = trunc i64 %turns.w to i32
  %limit.a = getelementptr i64, ptr %args, i64 5
  %limit.w = load i64, ptr %limit.a
  %limit = trunc i64 %limit.w to i32
  %workers.a = getelementptr i64, ptr %args, i64 6
  %workers.w = load i64, ptr %workers.a
  %workers = trunc i64 %workers.w to i32
  %positions.a = getelementptr i64, ptr %args, i64 7
  %positions.w = load i64, ptr %positions.a
  %positions = trunc i64 %positions.w to i32
  %before = mul i32 %block, 256
  %g = add i32 %before, %thread
  %works = icmp ult i32 %g, %total
  br i1 %works, label %start, label %done
start:
  %e0.k = getelementptr float, ptr addrspace(1) %p0, i32 0
  %y0.k.0 = load float, ptr addrspace(1) %e0.k, align 4, !invariant.load !0
  br label %turn
turn:
  %s = phi i32 [ %g, %start ], [ %s.next, %turned ]
  %more = icmp ult i32 %s, %turns
  br i1 %more, label %work, label %finish
work:
  %ahead = mul i32 %workers, 0
  %last = add i32 %s, %ahead
  %next = add i32 %last, 1
  %end = mul i32 %next, 4
  %whole = icmp ule i32 %end, %limit
  br i1 %whole, label %quickly, label %slowly
quickly:
  %c.0 = mul i32 %s, 4
  %e1.0 = getelementptr float, ptr addrspace(1) %p1, i32 %c.0
  %y1.0.0 = load float, ptr addrspace(1) %e1.0, align 16, !invariant.load !0
  %e1.0.1 = getelementptr float, ptr addrspace(1) %e1.0, i32 1
  %y1.0.1 = load float, ptr addrspace(1) %e1.0.1, align 4, !invariant.load !0
  %e1.0.2 = getelementptr float, ptr addrspace(1) %e1.0, i32 2
  %y1.0.2 = load float, ptr addrspace(1) %e1.0.2, align 4, !invariant.load !0
  %e1.0.3 = getelementptr float, ptr addrspace(1) %e1.0, i32 3
  %y1.0.3 = load float, ptr addrspace(1) %e1.0.3, align 4, !invariant.load !0
  %b.0.0 = call { float } @quick(float %y0.k.0, float %y1.0.0)
  %r2.0.0 = extractvalue { float } %b.0.0, 0
  %b.0.1 = call { float } @quick(float %y0.k.0, float %y1.0.1)
  %r2.0.1 = extractvalue { float } %b.0.1, 0
  %b.0.2 = call { float } @quick(float %y0.k.0, float %y1.0.2)
  %r2.0.2 = extractvalue { float } %b.0.2, 0
  %b.0.3 = call { float } @quick(float %y0.k.0, float %y1.0.3)
  %r2.0.3 = extractvalue { float } %b.0.3, 0
  %e2.0 = getelementptr float, ptr addrspace(1) %p2, i32 %c.0
  %z2.0.0 = insertelement <4 x float> poison, float %r2.0.0, i32 0
  %z2.0.1 = insertelement <4 x float> %z2.0.0, float %r2.0.1, i32 1
  %z2.0.2 = insertelement <4 x float> %z2.0.1, float %r2.0.2, i32 2
  %z2.0.3 = insertelement <4 x float> %z2.0.2, float %r2.0.3, i32 3
  store <4 x float> %z2.0.3, ptr addrspace(1) %e2.0, align 16
  br label %turned
slowly:
  br label %element
element:
  %e = phi i32 [ 0, %slowly ], [ %e.next, %one ]
  %e.chunk = lshr i32 %e, 2
  %e.lane = and i32 %e, 3
  %e.step = mul i32 %e.chunk, %workers
  %e.s = add i32 %s, %e.step
  %e.start = mul i32 %e.s, 4
  %e.at = add i32 %e.start, %e.lane
  %e.there = icmp ult i32 %e.at, %limit
  br i1 %e.there, label %one, label %turned
one:
  %c.e = mul i32 %e.s, 4
  %e.column = add i32 %c.e, %e.lane
  %e0.e = getelementptr float, ptr addrspace(1) %p0, i32 0
  %y0.e.0 = load float, ptr addrspace(1) %e0.e, align 4, !invariant.load !0
  %e1.e = getelementptr float, ptr addrspace(1) %p1, i32 %e.column
  %y1.e.0 = load float, ptr addrspace(1) %e1.e, align 4, !invariant.load !0
  %b.e = call { float } @careful(float %y0.e.0, float %y1.e.0)
  %r2.e = extractvalue { float } %b.e, 0
  %e2.e = getelementptr float, ptr addrspace(1) %p2, i32 %e.column
  store float %r2.e, ptr addrspace(1) %e2.e
  %e.next = add i32 %e, 1
  %e.more = icmp ult i32 %e.next, 4
  br i1 %e.more, label %element, label %turned, !llvm.loop !2
turned:
  %stride = mul i32 %workers, 1
  %s.next = add i32 %s, %stride
  br label %turn
finish:
  br label %done
done:
  ret void
}
define internal { float } @quick(float %x0, float %x1) alwaysinline {
  %v2 = fmul float %x0, %x1
  %r0 = insertvalue { float } poison, float %v2, 0
  ret { float } %r0
}
define internal { float } @careful(float %x0, float %x1) alwaysinline {
  %v2 = fmul float %x0, %x1
  %r0 = insertvalue { float } poison, float %v2, 0
  ret { float } %r0
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
!0 = !{}
!1 = !{!"branch_weights", i32 1, i32 2000}
!2 = distinct !{!2, !3}
!3 = !{!"llvm.loop.unroll.disable"}
