using FsCheck;
using FsCheck.Fluent;
using Posthaste.Primitives;
using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Storage.Tests.Journaling;

/// <summary>The journal against a list: append, commit, read, recycle, close and reopen in any order.</summary>
public sealed class JournalModelTests
{
    [Fact]
    public void Any_history_reads_back_as_written() =>
        Prop.ForAll<int>(seed =>
        {
            using var history = new History((ulong)seed);
            history.Run(steps: 60);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private sealed class History(ulong seed) : IDisposable
    {
        private readonly SeededRandom _random = new(seed);
        private readonly MemoryDevice _device = new();
        private readonly List<RecordingReplay.Record> _committed = [];
        private readonly List<RecordingReplay.Record> _pending = [];
        private long _epoch;
        private long _replayFrom;
        private Journal _journal = null!;

        public void Run(int steps)
        {
            Reopen();
            for (int i = 0; i < steps; i++)
            {
                Step();
            }
            Commit();
            Reopen();
            CheckReads();
        }

        public void Dispose()
        {
            _journal.Dispose();
            _device.Dispose();
        }

        private void Step()
        {
            switch (_random.Below(20))
            {
                case 0: Reopen(); break;
                case 1: CheckReads(); break;
                case 2: Recycle(); break;
                case 3: Assert.True(_journal.PrepareNextFile()); break;
                case < 8: Commit(); break;
                case < 10: AppendLarge(); break;
                default: Append(); break;
            }
        }

        private void Append()
        {
            for (int count = _random.Between(1, 20); count > 0; count--)
            {
                int size = _random.Below(_random.Below(4) == 0 ? Journal.InlinePayloadBytesMax + 1 : 200);
                byte type = (byte)_random.Between(1, Journal.RecordTypeMax);
                Span<byte> payload = _journal.Append(type, size, out long position);
                _random.Fill(payload);
                _pending.Add(new RecordingReplay.Record(type, position, payload.ToArray()));
            }
        }

        private void AppendLarge()
        {
            // From less than an inline record to more than a whole file (192 KiB here).
            JournalBlock block = _journal.RentLarge(_random.Below(300_000));
            if (_random.Below(10) == 0)
            {
                block.Release();
                return;
            }
            _random.Fill(block.Payload);
            byte[] payload = block.Payload.ToArray();
            long position = _journal.AppendLarge(7, block);
            _pending.Add(new RecordingReplay.Record(7, position, payload));
        }

        private void Commit()
        {
            bool hasBatch = _journal.Seal(unixTimeMs: 1, out JournalBatch batch);
            Assert.Equal(_pending.Count > 0, hasBatch);
            if (hasBatch)
            {
                Assert.Equal(_pending.Count, batch.RecordCount);
                _journal.Commit(batch);
                Assert.Equal(batch.End, _journal.DurablePosition);
                _committed.AddRange(_pending);
                _pending.Clear();
            }
        }

        private void Reopen()
        {
            _journal?.Dispose();
            _pending.Clear();
            var replay = new RecordingReplay();
            _journal = Journal.Open(_device, Options(++_epoch), _replayFrom, replay, out RecoveryReport report);
            Assert.Empty(report.Damages);
            Assert.Null(report.TornTail);
            List<RecordingReplay.Record> expected = _committed.FindAll(r => r.Position >= _replayFrom);
            Assert.Equal(expected.Count, replay.Records.Count);
            Assert.True(expected.Zip(replay.Records).All(p => p.First.IsSame(p.Second)));
        }

        private void CheckReads()
        {
            foreach (RecordingReplay.Record record in _committed)
            {
                int length = record.Payload.Length;
                if (!_journal.TryPin(record.Position, length, out JournalBlock block, out int offset))
                {
                    block = _journal.Load(record.Position, length, out offset);
                }
                Assert.True(block.Array.AsSpan(offset, length).SequenceEqual(record.Payload));
                block.Release();
            }
            foreach (RecordingReplay.Record record in _pending)
            {
                int length = record.Payload.Length;
                Assert.True(_journal.TryPin(record.Position, length, out JournalBlock block, out int offset));
                Assert.True(block.Array.AsSpan(offset, length).SequenceEqual(record.Payload));
                block.Release();
            }
        }

        private void Recycle()
        {
            _replayFrom = _journal.DurablePosition;
            _journal.Recycle(_replayFrom);
            long first = _journal.Files[0].Base;
            _committed.RemoveAll(r => r.Position < first);
        }

        private static JournalOptions Options(long epoch) => new()
        {
            Epoch = epoch,
            Salt = 42,
            FileBytes = 192 * 1024,
            FirstFileBytes = 128 * 1024,
            ResidentBytesMax = 64 * 1024,
            LoadedBytesMax = 64 * 1024,
        };
    }
}
