using FsCheck;
using FsCheck.Fluent;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

[NoDatabase]
public sealed class HashTreeTests
{
    [Fact]
    public void Nothing_has_the_hash_zero()
    {
        Assert.Equal(default, new HashTree().Root());
        Assert.Equal(default, new HashTree().FileHash());
    }

    [Fact]
    public void One_chunk_names_its_xorb()
    {
        var chunk = (Hash: XetHashes.Chunk("compass"u8), Length: 7);

        var tree = XetSome.Tree([chunk]);

        Assert.Equal(chunk.Hash, tree.Root());
        Assert.NotEqual(chunk.Hash, tree.FileHash());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(17)]
    [InlineData(1000)]
    public void Any_number_of_chunks_folds_as_the_rule_says(int count)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var chunks = Leaves(seed, count, cutEvery: 4);
            Assert.Equal(Naive(chunks), XetSome.Tree(chunks).Root());
        }
    }

    [Fact]
    public void Groups_end_as_the_rule_says_wherever_hashes_say_so()
    {
        var lists = from seed in Gen.Choose(0, int.MaxValue - 1)
            from count in Gen.Choose(1, 120)
            from cutEvery in Gen.Elements(1, 2, 4, 12, 1000)
            select Leaves(seed, count, cutEvery);

        Prop.ForAll(lists.ToArbitrary(), chunks => XetSome.Tree(chunks).Root() == Naive(chunks)).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_hash_may_be_asked_for_while_chunks_still_come()
    {
        var chunks = Leaves(7, 60, cutEvery: 4);
        var tree = new HashTree();

        for (var i = 0; i < chunks.Count; i++)
        {
            tree.Add(chunks[i].Hash, chunks[i].Length);
            Assert.Equal(Naive(chunks.Take(i + 1)), tree.Root());
        }
    }

    /// <param name="cutEvery">One of so many hashes ends a group.</param>
    private static List<(XetHash Hash, int Length)> Leaves(int seed, int count, int cutEvery)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (Hash(random, random.Next(cutEvery) == 0), random.Next(1, 131_073)))];
    }

    private static XetHash Hash(Random random, bool endsGroup)
    {
        var cut = (ulong)random.NextInt64() & ~3UL;
        return new XetHash((ulong)random.NextInt64(), (ulong)random.NextInt64(), (ulong)random.NextInt64(), endsGroup ? cut : cut | 1);
    }

    /// <summary>The rule word for word: level by level, the whole list at hand.</summary>
    private static XetHash Naive(IEnumerable<(XetHash Hash, int Length)> chunks)
    {
        var level = chunks.Select(c => (c.Hash, Length: (long)c.Length)).ToList();
        while (level.Count > 1)
        {
            var next = new List<(XetHash Hash, long Length)>();
            for (var start = 0; start < level.Count;)
            {
                var end = GroupEnd(level, start);
                var group = level[start..end];
                next.Add((XetHashes.Node([.. group]), group.Sum(g => g.Length)));
                start = end;
            }

            level = next;
        }

        return level[0].Hash;
    }

    private static int GroupEnd(List<(XetHash Hash, long Length)> level, int start)
    {
        if (level.Count - start <= 2)
        {
            return level.Count;
        }

        var most = Math.Min(start + 9, level.Count);
        for (var i = start + 2; i < most; i++)
        {
            if (level[i].Hash.D % 4 == 0)
            {
                return i + 1;
            }
        }

        return most;
    }
}
