using System.Text;
using Posthaste.Core.Notes;
using Posthaste.Core.Retained;
using Posthaste.Simulation.Clients;
using Posthaste.Simulation.Model;

namespace Posthaste.Simulation;

/// <summary>What is kept beside queues: notes and retained messages.</summary>
internal sealed partial class Simulator
{
    private const int KeyCount = 6;

    private readonly ModelValue[] _notes = MakeValues("note");
    private readonly ModelValue[] _retained = MakeValues("retained");
    private readonly Dictionary<ulong, ModelChange> _retaining = [];
    private Publisher? _retainer;
    private int _valueNumber;

    private static ModelValue[] MakeValues(string what) =>
        [.. Enumerable.Range(0, KeyCount).Select(i => new ModelValue($"{what} {i}"))];

    private static byte[] Key(int index) => [(byte)('a' + index)];

    private void ConnectRetainer()
    {
        _retaining.Clear();
        _retainer = new Publisher(_host) { OnHandled = Retained };
    }

    private void Retained(ulong first, ulong last, bool accepted)
    {
        if (IsOff) return;
        for (var seq = first; seq <= last; seq++)
        {
            if (_retaining.Remove(seq, out var change)) (change.IsInEffect, change.IsDurable) = (accepted, accepted);
        }
    }

    private void ChangeNote()
    {
        var index = _random.Below(KeyCount);
        var value = _random.Chance(0.2) ? null : $"{++_valueNumber}";
        var refusal = value is null
            ? _host.Host.Notes.Remove(Key(index))
            : _host.Host.Notes.Set(Key(index), Encoding.UTF8.GetBytes(value));
        if (refusal == NoteRefusal.None) _notes[index].Change(value).IsInEffect = true;
    }

    /// <summary>A note of a transaction: it may hold at once, and does for sure when the commit is confirmed.</summary>
    private void NoteIn(Broker.Transactions.TransactionBuffer buffer, ModelTransaction transaction)
    {
        if (!_random.Chance(0.4)) return;
        var index = _random.Below(KeyCount);
        var value = $"{++_valueNumber}";
        if (buffer.SetNote(Key(index), Encoding.UTF8.GetBytes(value)) != NoteRefusal.None) return;
        transaction.Noted.Add(_notes[index].Change(value, transaction));
    }

    private void Retain()
    {
        var index = _random.Below(KeyCount);
        var value = _random.Chance(0.2) ? "" : $"{++_valueNumber}".PadRight(_random.Between(8, 2_000), '.');
        var change = _retained[index].Change(value.Length == 0 ? null : value);
        var seq = _retainer!.NextSeq;
        _retaining.Add(seq, change);
        var refusal = _retainer.Retain(Encoding.UTF8.GetString(Key(index)), value, _random.Chance(0.5));
        SimulationFailure.Unless(refusal == RetainRefusal.None, $"not retained: {refusal}");
    }

    private void CheckValues(Action<ModelValue, string?> check)
    {
        for (var i = 0; i < KeyCount; i++)
        {
            check(
                _notes[i],
                _host.Host.Notes.TryGet(Key(i), out var note) ? Encoding.UTF8.GetString(note.Value) : null);
            check(
                _retained[i],
                _host.Host.Retained.TryGet(Key(i), out var kept) ? Encoding.UTF8.GetString(kept.Message.Body) : null);
        }
    }
}
