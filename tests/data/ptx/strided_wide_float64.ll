define ptx_kernel void @kernel(ptr byval([11 x i64]) align 8 %args) {
entry:
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %p0.a = getelementptr i64, ptr %args, i64 0
  %p0 = load ptr addrspace(1), ptr %p0.a
  %p1.a = getelementptr i64, ptr %args, i64 1
  %p1 = load ptr addrspace(1), ptr %p1.a
  %total.a = getelementptr i64, ptr %args, i64 2
  %total = load i64, ptr %total.a
  %turns.a = getelementptr i64, ptr %args, i64 3
  %turns = load i64, ptr %turns.a
  %limit.a = getelementptr i64, ptr %args, i64 4
  %limit = load i64, ptr %limit.a
  %workers.a = getelementptr i64, ptr %args, i64 5
  %workers = load i64, ptr %workers.a
  %positions.a = getelementptr i64, ptr %args, i64 6
  %positions = load i64, ptr %positions.a
  %size1.a = getelementptr i64, ptr %args, i64 7
  %size1 = load i64, ptr %size1.a
  %stride0_0.a = getelementptr i64, ptr %args, i64 8
  %stride0_0 = load i64, ptr %stride0_0.a
  %stride0_1.a = getelementptr i64, ptr %args, i64 9
  %stride0_1 = load i64, ptr %stride0_1.a
  %stride1_0.a = getelementptr i64, ptr %args, i64 10
  %stride1_0 = load i64, ptr %stride1_0.a
  %thread.x = zext i32 %thread to i64
  %block.x = zext i32 %block to i64
  %before = mul i64 %block.x, 256
  %g = add i64 %before, %thread.x
  %works = icmp ult i64 %g, %total
  br i1 %works, label %start, label %done
start:
  br label %turn
turn:
  %s = phi i64 [ %g, %start ], [ %s.next, %turned ]
  %more = icmp ult i64 %s, %turns
  br i1 %more, label %work, label %finish
work:
  %ahead = mul i64 %workers, 1
  %last = add i64 %s, %ahead
  %next = add i64 %last, 1
  %end = mul i64 %next, 1
  %whole = icmp ule i64 %end, %limit
  br i1 %whole, label %quickly, label %slowly
quickly:
  %q1.0 = udiv i64 %s, %size1
  %q1.0.m = mul i64 %q1.0, %size1
  %i1.0 = sub i64 %s, %q1.0.m
  %m0_0.0 = mul i64 %q1.0, %stride0_0
  %m0_1.0 = mul i64 %i1.0, %stride0_1
  %t0_1.0 = add i64 %m0_0.0, %m0_1.0
  %e0.0 = getelementptr double, ptr addrspace(1) %p0, i64 %t0_1.0
  %y0.0.0 = load double, ptr addrspace(1) %e0.0, align 8, !invariant.load !0
  %w.1 = mul i64 %workers, 1
  %s.1 = add i64 %s, %w.1
  %q1.1 = udiv i64 %s.1, %size1
  %q1.1.m = mul i64 %q1.1, %size1
  %i1.1 = sub i64 %s.1, %q1.1.m
  %m0_0.1 = mul i64 %q1.1, %stride0_0
  %m0_1.1 = mul i64 %i1.1, %stride0_1
  %t0_1.1 = add i64 %m0_0.1, %m0_1.1
  %e0.1 = getelementptr double, ptr addrspace(1) %p0, i64 %t0_1.1
  %y0.1.0 = load double, ptr addrspace(1) %e0.1, align 8, !invariant.load !0
  %b.0.0 = call { double } @quick(double %y0.0.0)
  %r1.0.0 = extractvalue { double } %b.0.0, 0
  %b.1.0 = call { double } @quick(double %y0.1.0)
  %r1.1.0 = extractvalue { double } %b.1.0, 0
  %m1_0.0 = mul i64 %q1.0, %stride1_0
  %t1_1.0 = add i64 %m1_0.0, %i1.0
  %e1.0 = getelementptr double, ptr addrspace(1) %p1, i64 %t1_1.0
  store double %r1.0.0, ptr addrspace(1) %e1.0
  %m1_0.1 = mul i64 %q1.1, %stride1_0
  %t1_1.1 = add i64 %m1_0.1, %i1.1
  %e1.1 = getelementptr double, ptr addrspace(1) %p1, i64 %t1_1.1
  store double %r1.1.0, ptr addrspace(1) %e1.1
  br label %turned
slowly:
  br label %element
element:
  %e = phi i64 [ 0, %slowly ], [ %e.next, %one ]
  %e.chunk = lshr i64 %e, 0
  %e.lane = and i64 %e, 0
  %e.step = mul i64 %e.chunk, %workers
  %e.s = add i64 %s, %e.step
  %e.start = mul i64 %e.s, 1
  %e.at = add i64 %e.start, %e.lane
  %e.there = icmp ult i64 %e.at, %limit
  br i1 %e.there, label %one, label %turned
one:
  %q1.e = udiv i64 %e.s, %size1
  %q1.e.m = mul i64 %q1.e, %size1
  %i1.e = sub i64 %e.s, %q1.e.m
  %e.column = add i64 %i1.e, %e.lane
  %m0_0.e = mul i64 %q1.e, %stride0_0
  %m0_1.e = mul i64 %e.column, %stride0_1
  %t0_1.e = add i64 %m0_0.e, %m0_1.e
  %e0.e = getelementptr double, ptr addrspace(1) %p0, i64 %t0_1.e
  %y0.e.0 = load double, ptr addrspace(1) %e0.e, align 8, !invariant.load !0
  %b.e = call { double } @careful(double %y0.e.0)
  %r1.e = extractvalue { double } %b.e, 0
  %m1_0.e = mul i64 %q1.e, %stride1_0
  %t1_1.e = add i64 %m1_0.e, %e.column
  %e1.e = getelementptr double, ptr addrspace(1) %p1, i64 %t1_1.e
  store double %r1.e, ptr addrspace(1) %e1.e
  %e.next = add i64 %e, 1
  %e.more = icmp ult i64 %e.next, 2
  br i1 %e.more, label %element, label %turned, !llvm.loop !2
turned:
  %stride = mul i64 %workers, 2
  %s.next = add i64 %s, %stride
  br label %turn
finish:
  br label %done
done:
  ret void
}
define internal { double } @quick(double %x0) alwaysinline {
  %v1 = fmul double %x0, %x0
  %r0 = insertvalue { double } poison, double %v1, 0
  ret { double } %r0
}
define internal { double } @careful(double %x0) alwaysinline {
  %v1 = fmul double %x0, %x0
  %r0 = insertvalue { double } poison, double %v1, 0
  ret { double } %r0
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
!0 = !{}
!1 = !{!"branch_weights", i32 1, i32 2000}
!2 = distinct !{!2, !3}
!3 = !{!"llvm.loop.unroll.disable"}
